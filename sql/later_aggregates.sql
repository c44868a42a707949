-- Aggregates of PostgreSQL that have no kernel here.

CREATE AGGREGATE pg_catalog.max(money) (OID = 2125, RETURNS = money, SORTOP = >, KERNEL = 'max_money', SFUNC = cashlarger, COMBINEFUNC = cashlarger, STYPE = money);

CREATE AGGREGATE pg_catalog.min(money) (OID = 2141, RETURNS = money, SORTOP = <, KERNEL = 'min_money', SFUNC = cashsmaller, COMBINEFUNC = cashsmaller, STYPE = money);

CREATE AGGREGATE pg_catalog.sum(money) (OID = 2112, RETURNS = money, KERNEL = 'sum_money', SFUNC = cash_pl, COMBINEFUNC = cash_pl, MSFUNC = cash_pl, MINVFUNC = cash_mi, STYPE = money, MSTYPE = money);

CREATE AGGREGATE pg_catalog.xmlagg(xml) (OID = 2901, RETURNS = xml, KERNEL = 'xmlagg_xml', SFUNC = xmlconcat2, STYPE = xml);
