-- Built-in collations. All of them order by bytes, the default too.

CREATE COLLATION pg_catalog."default" (OID = 100, PROVIDER = default, LOCALE = 'C');
CREATE COLLATION pg_catalog."C" (OID = 950, PROVIDER = libc, LOCALE = 'C');
CREATE COLLATION pg_catalog."POSIX" (OID = 951, PROVIDER = libc, LOCALE = 'C');
CREATE COLLATION pg_catalog."ucs_basic" (OID = 12340, PROVIDER = libc, LOCALE = 'C');
