-- The relations of pg_catalog that are computed from the catalog value.
--
-- Names, columns, types and OIDs are PostgreSQL 15's: drivers and tools read
-- them by name and some by number. The rows come from src/catalog/system.
-- `row_type` and `array_type` are the OIDs of the relation's composite type and
-- of the array over it (0: PostgreSQL has none).

CREATE TABLE pg_catalog.pg_default_acl (
    oid oid NOT NULL,
    defaclrole oid NOT NULL,
    defaclnamespace oid NOT NULL,
    defaclobjtype "char" NOT NULL,
    defaclacl aclitem[] NOT NULL
) WITH (oid = 826, row_type = 10088, array_type = 10087);

CREATE TABLE pg_catalog.pg_tablespace (
    oid oid NOT NULL,
    spcname name NOT NULL,
    spcowner oid NOT NULL,
    spcacl aclitem[],
    spcoptions text[] COLLATE "C"
) WITH (oid = 1213, row_type = 10056, array_type = 10055);

CREATE TABLE pg_catalog.pg_shdepend (
    dbid oid NOT NULL,
    classid oid NOT NULL,
    objid oid NOT NULL,
    objsubid integer NOT NULL,
    refclassid oid NOT NULL,
    refobjid oid NOT NULL,
    deptype "char" NOT NULL
) WITH (oid = 1214, row_type = 10060, array_type = 10059);

CREATE TABLE pg_catalog.pg_type (
    oid oid NOT NULL,
    typname name NOT NULL,
    typnamespace oid NOT NULL,
    typowner oid NOT NULL,
    typlen smallint NOT NULL,
    typbyval boolean NOT NULL,
    typtype "char" NOT NULL,
    typcategory "char" NOT NULL,
    typispreferred boolean NOT NULL,
    typisdefined boolean NOT NULL,
    typdelim "char" NOT NULL,
    typrelid oid NOT NULL,
    typsubscript regproc NOT NULL,
    typelem oid NOT NULL,
    typarray oid NOT NULL,
    typinput regproc NOT NULL,
    typoutput regproc NOT NULL,
    typreceive regproc NOT NULL,
    typsend regproc NOT NULL,
    typmodin regproc NOT NULL,
    typmodout regproc NOT NULL,
    typanalyze regproc NOT NULL,
    typalign "char" NOT NULL,
    typstorage "char" NOT NULL,
    typnotnull boolean NOT NULL,
    typbasetype oid NOT NULL,
    typtypmod integer NOT NULL,
    typndims integer NOT NULL,
    typcollation oid NOT NULL,
    typdefaultbin pg_node_tree COLLATE "C",
    typdefault text COLLATE "C",
    typacl aclitem[]
) WITH (oid = 1247, row_type = 71, array_type = 210);

CREATE TABLE pg_catalog.pg_attribute (
    attrelid oid NOT NULL,
    attname name NOT NULL,
    atttypid oid NOT NULL,
    attstattarget integer NOT NULL,
    attlen smallint NOT NULL,
    attnum smallint NOT NULL,
    attndims integer NOT NULL,
    attcacheoff integer NOT NULL,
    atttypmod integer NOT NULL,
    attbyval boolean NOT NULL,
    attalign "char" NOT NULL,
    attstorage "char" NOT NULL,
    attcompression "char" NOT NULL,
    attnotnull boolean NOT NULL,
    atthasdef boolean NOT NULL,
    atthasmissing boolean NOT NULL,
    attidentity "char" NOT NULL,
    attgenerated "char" NOT NULL,
    attisdropped boolean NOT NULL,
    attislocal boolean NOT NULL,
    attinhcount integer NOT NULL,
    attcollation oid NOT NULL,
    attacl aclitem[],
    attoptions text[] COLLATE "C",
    attfdwoptions text[] COLLATE "C",
    attmissingval anyarray
) WITH (oid = 1249, row_type = 75, array_type = 270);

CREATE TABLE pg_catalog.pg_proc (
    oid oid NOT NULL,
    proname name NOT NULL,
    pronamespace oid NOT NULL,
    proowner oid NOT NULL,
    prolang oid NOT NULL,
    procost real NOT NULL,
    prorows real NOT NULL,
    provariadic oid NOT NULL,
    prosupport regproc NOT NULL,
    prokind "char" NOT NULL,
    prosecdef boolean NOT NULL,
    proleakproof boolean NOT NULL,
    proisstrict boolean NOT NULL,
    proretset boolean NOT NULL,
    provolatile "char" NOT NULL,
    proparallel "char" NOT NULL,
    pronargs smallint NOT NULL,
    pronargdefaults smallint NOT NULL,
    prorettype oid NOT NULL,
    proargtypes oidvector NOT NULL,
    proallargtypes oid[],
    proargmodes "char"[],
    proargnames text[] COLLATE "C",
    proargdefaults pg_node_tree COLLATE "C",
    protrftypes oid[],
    prosrc text COLLATE "C" NOT NULL,
    probin text COLLATE "C",
    prosqlbody pg_node_tree COLLATE "C",
    proconfig text[] COLLATE "C",
    proacl aclitem[]
) WITH (oid = 1255, row_type = 81, array_type = 272);

CREATE TABLE pg_catalog.pg_class (
    oid oid NOT NULL,
    relname name NOT NULL,
    relnamespace oid NOT NULL,
    reltype oid NOT NULL,
    reloftype oid NOT NULL,
    relowner oid NOT NULL,
    relam oid NOT NULL,
    relfilenode oid NOT NULL,
    reltablespace oid NOT NULL,
    relpages integer NOT NULL,
    reltuples real NOT NULL,
    relallvisible integer NOT NULL,
    reltoastrelid oid NOT NULL,
    relhasindex boolean NOT NULL,
    relisshared boolean NOT NULL,
    relpersistence "char" NOT NULL,
    relkind "char" NOT NULL,
    relnatts smallint NOT NULL,
    relchecks smallint NOT NULL,
    relhasrules boolean NOT NULL,
    relhastriggers boolean NOT NULL,
    relhassubclass boolean NOT NULL,
    relrowsecurity boolean NOT NULL,
    relforcerowsecurity boolean NOT NULL,
    relispopulated boolean NOT NULL,
    relreplident "char" NOT NULL,
    relispartition boolean NOT NULL,
    relrewrite oid NOT NULL,
    relfrozenxid xid NOT NULL,
    relminmxid xid NOT NULL,
    relacl aclitem[],
    reloptions text[] COLLATE "C",
    relpartbound pg_node_tree COLLATE "C"
) WITH (oid = 1259, row_type = 83, array_type = 273);

CREATE TABLE pg_catalog.pg_authid (
    oid oid NOT NULL,
    rolname name NOT NULL,
    rolsuper boolean NOT NULL,
    rolinherit boolean NOT NULL,
    rolcreaterole boolean NOT NULL,
    rolcreatedb boolean NOT NULL,
    rolcanlogin boolean NOT NULL,
    rolreplication boolean NOT NULL,
    rolbypassrls boolean NOT NULL,
    rolconnlimit integer NOT NULL,
    rolpassword text COLLATE "C",
    rolvaliduntil timestamp with time zone
) WITH (oid = 1260, row_type = 2842, array_type = 10057);

CREATE TABLE pg_catalog.pg_auth_members (
    roleid oid NOT NULL,
    member oid NOT NULL,
    grantor oid NOT NULL,
    admin_option boolean NOT NULL
) WITH (oid = 1261, row_type = 2843, array_type = 10058);

CREATE TABLE pg_catalog.pg_database (
    oid oid NOT NULL,
    datname name NOT NULL,
    datdba oid NOT NULL,
    encoding integer NOT NULL,
    datlocprovider "char" NOT NULL,
    datistemplate boolean NOT NULL,
    datallowconn boolean NOT NULL,
    datconnlimit integer NOT NULL,
    datfrozenxid xid NOT NULL,
    datminmxid xid NOT NULL,
    dattablespace oid NOT NULL,
    datcollate text COLLATE "C" NOT NULL,
    datctype text COLLATE "C" NOT NULL,
    daticulocale text COLLATE "C",
    datcollversion text COLLATE "C",
    datacl aclitem[]
) WITH (oid = 1262, row_type = 1248, array_type = 10052);

CREATE TABLE pg_catalog.pg_foreign_server (
    oid oid NOT NULL,
    srvname name NOT NULL,
    srvowner oid NOT NULL,
    srvfdw oid NOT NULL,
    srvtype text COLLATE "C",
    srvversion text COLLATE "C",
    srvacl aclitem[],
    srvoptions text[] COLLATE "C"
) WITH (oid = 1417, row_type = 10078, array_type = 10077);

CREATE TABLE pg_catalog.pg_user_mapping (
    oid oid NOT NULL,
    umuser oid NOT NULL,
    umserver oid NOT NULL,
    umoptions text[] COLLATE "C"
) WITH (oid = 1418, row_type = 10080, array_type = 10079);

CREATE TABLE pg_catalog.pg_sequence (
    seqrelid oid NOT NULL,
    seqtypid oid NOT NULL,
    seqstart bigint NOT NULL,
    seqincrement bigint NOT NULL,
    seqmax bigint NOT NULL,
    seqmin bigint NOT NULL,
    seqcache bigint NOT NULL,
    seqcycle boolean NOT NULL
) WITH (oid = 2224, row_type = 10105, array_type = 10104);

CREATE TABLE pg_catalog.pg_foreign_data_wrapper (
    oid oid NOT NULL,
    fdwname name NOT NULL,
    fdwowner oid NOT NULL,
    fdwhandler oid NOT NULL,
    fdwvalidator oid NOT NULL,
    fdwacl aclitem[],
    fdwoptions text[] COLLATE "C"
) WITH (oid = 2328, row_type = 10076, array_type = 10075);

CREATE TABLE pg_catalog.pg_shdescription (
    objoid oid NOT NULL,
    classoid oid NOT NULL,
    description text COLLATE "C" NOT NULL
) WITH (oid = 2396, row_type = 10062, array_type = 10061);

CREATE TABLE pg_catalog.pg_aggregate (
    aggfnoid regproc NOT NULL,
    aggkind "char" NOT NULL,
    aggnumdirectargs smallint NOT NULL,
    aggtransfn regproc NOT NULL,
    aggfinalfn regproc NOT NULL,
    aggcombinefn regproc NOT NULL,
    aggserialfn regproc NOT NULL,
    aggdeserialfn regproc NOT NULL,
    aggmtransfn regproc NOT NULL,
    aggminvtransfn regproc NOT NULL,
    aggmfinalfn regproc NOT NULL,
    aggfinalextra boolean NOT NULL,
    aggmfinalextra boolean NOT NULL,
    aggfinalmodify "char" NOT NULL,
    aggmfinalmodify "char" NOT NULL,
    aggsortop oid NOT NULL,
    aggtranstype oid NOT NULL,
    aggtransspace integer NOT NULL,
    aggmtranstype oid NOT NULL,
    aggmtransspace integer NOT NULL,
    agginitval text COLLATE "C",
    aggminitval text COLLATE "C"
) WITH (oid = 2600, row_type = 10027, array_type = 10026);

CREATE TABLE pg_catalog.pg_am (
    oid oid NOT NULL,
    amname name NOT NULL,
    amhandler regproc NOT NULL,
    amtype "char" NOT NULL
) WITH (oid = 2601, row_type = 10015, array_type = 10014);

CREATE TABLE pg_catalog.pg_amop (
    oid oid NOT NULL,
    amopfamily oid NOT NULL,
    amoplefttype oid NOT NULL,
    amoprighttype oid NOT NULL,
    amopstrategy smallint NOT NULL,
    amoppurpose "char" NOT NULL,
    amopopr oid NOT NULL,
    amopmethod oid NOT NULL,
    amopsortfamily oid NOT NULL
) WITH (oid = 2602, row_type = 10017, array_type = 10016);

CREATE TABLE pg_catalog.pg_amproc (
    oid oid NOT NULL,
    amprocfamily oid NOT NULL,
    amproclefttype oid NOT NULL,
    amprocrighttype oid NOT NULL,
    amprocnum smallint NOT NULL,
    amproc regproc NOT NULL
) WITH (oid = 2603, row_type = 10019, array_type = 10018);

CREATE TABLE pg_catalog.pg_attrdef (
    oid oid NOT NULL,
    adrelid oid NOT NULL,
    adnum smallint NOT NULL,
    adbin pg_node_tree COLLATE "C" NOT NULL
) WITH (oid = 2604, row_type = 10001, array_type = 10000);

CREATE TABLE pg_catalog.pg_cast (
    oid oid NOT NULL,
    castsource oid NOT NULL,
    casttarget oid NOT NULL,
    castfunc oid NOT NULL,
    castcontext "char" NOT NULL,
    castmethod "char" NOT NULL
) WITH (oid = 2605, row_type = 10043, array_type = 10042);

CREATE TABLE pg_catalog.pg_constraint (
    oid oid NOT NULL,
    conname name NOT NULL,
    connamespace oid NOT NULL,
    contype "char" NOT NULL,
    condeferrable boolean NOT NULL,
    condeferred boolean NOT NULL,
    convalidated boolean NOT NULL,
    conrelid oid NOT NULL,
    contypid oid NOT NULL,
    conindid oid NOT NULL,
    conparentid oid NOT NULL,
    confrelid oid NOT NULL,
    confupdtype "char" NOT NULL,
    confdeltype "char" NOT NULL,
    confmatchtype "char" NOT NULL,
    conislocal boolean NOT NULL,
    coninhcount integer NOT NULL,
    connoinherit boolean NOT NULL,
    conkey smallint[],
    confkey smallint[],
    conpfeqop oid[],
    conppeqop oid[],
    conffeqop oid[],
    confdelsetcols smallint[],
    conexclop oid[],
    conbin pg_node_tree COLLATE "C"
) WITH (oid = 2606, row_type = 10003, array_type = 10002);

CREATE TABLE pg_catalog.pg_conversion (
    oid oid NOT NULL,
    conname name NOT NULL,
    connamespace oid NOT NULL,
    conowner oid NOT NULL,
    conforencoding integer NOT NULL,
    contoencoding integer NOT NULL,
    conproc regproc NOT NULL,
    condefault boolean NOT NULL
) WITH (oid = 2607, row_type = 10049, array_type = 10048);

CREATE TABLE pg_catalog.pg_depend (
    classid oid NOT NULL,
    objid oid NOT NULL,
    objsubid integer NOT NULL,
    refclassid oid NOT NULL,
    refobjid oid NOT NULL,
    refobjsubid integer NOT NULL,
    deptype "char" NOT NULL
) WITH (oid = 2608, row_type = 10051, array_type = 10050);

CREATE TABLE pg_catalog.pg_description (
    objoid oid NOT NULL,
    classoid oid NOT NULL,
    objsubid integer NOT NULL,
    description text COLLATE "C" NOT NULL
) WITH (oid = 2609, row_type = 10041, array_type = 10040);

CREATE TABLE pg_catalog.pg_index (
    indexrelid oid NOT NULL,
    indrelid oid NOT NULL,
    indnatts smallint NOT NULL,
    indnkeyatts smallint NOT NULL,
    indisunique boolean NOT NULL,
    indnullsnotdistinct boolean NOT NULL,
    indisprimary boolean NOT NULL,
    indisexclusion boolean NOT NULL,
    indimmediate boolean NOT NULL,
    indisclustered boolean NOT NULL,
    indisvalid boolean NOT NULL,
    indcheckxmin boolean NOT NULL,
    indisready boolean NOT NULL,
    indislive boolean NOT NULL,
    indisreplident boolean NOT NULL,
    indkey int2vector NOT NULL,
    indcollation oidvector NOT NULL,
    indclass oidvector NOT NULL,
    indoption int2vector NOT NULL,
    indexprs pg_node_tree COLLATE "C",
    indpred pg_node_tree COLLATE "C"
) WITH (oid = 2610, row_type = 10007, array_type = 10006);

CREATE TABLE pg_catalog.pg_inherits (
    inhrelid oid NOT NULL,
    inhparent oid NOT NULL,
    inhseqno integer NOT NULL,
    inhdetachpending boolean NOT NULL
) WITH (oid = 2611, row_type = 10005, array_type = 10004);

CREATE TABLE pg_catalog.pg_language (
    oid oid NOT NULL,
    lanname name NOT NULL,
    lanowner oid NOT NULL,
    lanispl boolean NOT NULL,
    lanpltrusted boolean NOT NULL,
    lanplcallfoid oid NOT NULL,
    laninline oid NOT NULL,
    lanvalidator oid NOT NULL,
    lanacl aclitem[]
) WITH (oid = 2612, row_type = 10021, array_type = 10020);

CREATE TABLE pg_catalog.pg_largeobject (
    loid oid NOT NULL,
    pageno integer NOT NULL,
    data bytea NOT NULL
) WITH (oid = 2613, row_type = 10025, array_type = 10024);

CREATE TABLE pg_catalog.pg_namespace (
    oid oid NOT NULL,
    nspname name NOT NULL,
    nspowner oid NOT NULL,
    nspacl aclitem[]
) WITH (oid = 2615, row_type = 10047, array_type = 10046);

CREATE TABLE pg_catalog.pg_opclass (
    oid oid NOT NULL,
    opcmethod oid NOT NULL,
    opcname name NOT NULL,
    opcnamespace oid NOT NULL,
    opcowner oid NOT NULL,
    opcfamily oid NOT NULL,
    opcintype oid NOT NULL,
    opcdefault boolean NOT NULL,
    opckeytype oid NOT NULL
) WITH (oid = 2616, row_type = 10013, array_type = 10012);

CREATE TABLE pg_catalog.pg_operator (
    oid oid NOT NULL,
    oprname name NOT NULL,
    oprnamespace oid NOT NULL,
    oprowner oid NOT NULL,
    oprkind "char" NOT NULL,
    oprcanmerge boolean NOT NULL,
    oprcanhash boolean NOT NULL,
    oprleft oid NOT NULL,
    oprright oid NOT NULL,
    oprresult oid NOT NULL,
    oprcom oid NOT NULL,
    oprnegate oid NOT NULL,
    oprcode regproc NOT NULL,
    oprrest regproc NOT NULL,
    oprjoin regproc NOT NULL
) WITH (oid = 2617, row_type = 10009, array_type = 10008);

CREATE TABLE pg_catalog.pg_rewrite (
    oid oid NOT NULL,
    rulename name NOT NULL,
    ev_class oid NOT NULL,
    ev_type "char" NOT NULL,
    ev_enabled "char" NOT NULL,
    is_instead boolean NOT NULL,
    ev_qual pg_node_tree COLLATE "C" NOT NULL,
    ev_action pg_node_tree COLLATE "C" NOT NULL
) WITH (oid = 2618, row_type = 10035, array_type = 10034);

CREATE TABLE pg_catalog.pg_statistic (
    starelid oid NOT NULL,
    staattnum smallint NOT NULL,
    stainherit boolean NOT NULL,
    stanullfrac real NOT NULL,
    stawidth integer NOT NULL,
    stadistinct real NOT NULL,
    stakind1 smallint NOT NULL,
    stakind2 smallint NOT NULL,
    stakind3 smallint NOT NULL,
    stakind4 smallint NOT NULL,
    stakind5 smallint NOT NULL,
    staop1 oid NOT NULL,
    staop2 oid NOT NULL,
    staop3 oid NOT NULL,
    staop4 oid NOT NULL,
    staop5 oid NOT NULL,
    stacoll1 oid NOT NULL,
    stacoll2 oid NOT NULL,
    stacoll3 oid NOT NULL,
    stacoll4 oid NOT NULL,
    stacoll5 oid NOT NULL,
    stanumbers1 real[],
    stanumbers2 real[],
    stanumbers3 real[],
    stanumbers4 real[],
    stanumbers5 real[],
    stavalues1 anyarray,
    stavalues2 anyarray,
    stavalues3 anyarray,
    stavalues4 anyarray,
    stavalues5 anyarray
) WITH (oid = 2619, row_type = 10029, array_type = 10028);

CREATE TABLE pg_catalog.pg_trigger (
    oid oid NOT NULL,
    tgrelid oid NOT NULL,
    tgparentid oid NOT NULL,
    tgname name NOT NULL,
    tgfoid oid NOT NULL,
    tgtype smallint NOT NULL,
    tgenabled "char" NOT NULL,
    tgisinternal boolean NOT NULL,
    tgconstrrelid oid NOT NULL,
    tgconstrindid oid NOT NULL,
    tgconstraint oid NOT NULL,
    tgdeferrable boolean NOT NULL,
    tginitdeferred boolean NOT NULL,
    tgnargs smallint NOT NULL,
    tgattr int2vector NOT NULL,
    tgargs bytea NOT NULL,
    tgqual pg_node_tree COLLATE "C",
    tgoldtable name,
    tgnewtable name
) WITH (oid = 2620, row_type = 10037, array_type = 10036);

CREATE TABLE pg_catalog.pg_opfamily (
    oid oid NOT NULL,
    opfmethod oid NOT NULL,
    opfname name NOT NULL,
    opfnamespace oid NOT NULL,
    opfowner oid NOT NULL
) WITH (oid = 2753, row_type = 10011, array_type = 10010);

CREATE TABLE pg_catalog.pg_db_role_setting (
    setdatabase oid NOT NULL,
    setrole oid NOT NULL,
    setconfig text[] COLLATE "C"
) WITH (oid = 2964, row_type = 10054, array_type = 10053);

CREATE TABLE pg_catalog.pg_largeobject_metadata (
    oid oid NOT NULL,
    lomowner oid NOT NULL,
    lomacl aclitem[]
) WITH (oid = 2995, row_type = 10023, array_type = 10022);

CREATE TABLE pg_catalog.pg_extension (
    oid oid NOT NULL,
    extname name NOT NULL,
    extowner oid NOT NULL,
    extnamespace oid NOT NULL,
    extrelocatable boolean NOT NULL,
    extversion text COLLATE "C" NOT NULL,
    extconfig oid[],
    extcondition text[] COLLATE "C"
) WITH (oid = 3079, row_type = 10074, array_type = 10073);

CREATE TABLE pg_catalog.pg_foreign_table (
    ftrelid oid NOT NULL,
    ftserver oid NOT NULL,
    ftoptions text[] COLLATE "C"
) WITH (oid = 3118, row_type = 10082, array_type = 10081);

CREATE TABLE pg_catalog.pg_policy (
    oid oid NOT NULL,
    polname name NOT NULL,
    polrelid oid NOT NULL,
    polcmd "char" NOT NULL,
    polpermissive boolean NOT NULL,
    polroles oid[] NOT NULL,
    polqual pg_node_tree COLLATE "C",
    polwithcheck pg_node_tree COLLATE "C"
) WITH (oid = 3256, row_type = 10084, array_type = 10083);

CREATE TABLE pg_catalog.pg_partitioned_table (
    partrelid oid NOT NULL,
    partstrat "char" NOT NULL,
    partnatts smallint NOT NULL,
    partdefid oid NOT NULL,
    partattrs int2vector NOT NULL,
    partclass oidvector NOT NULL,
    partcollation oidvector NOT NULL,
    partexprs pg_node_tree COLLATE "C"
) WITH (oid = 3350, row_type = 10099, array_type = 10098);

CREATE TABLE pg_catalog.pg_statistic_ext (
    oid oid NOT NULL,
    stxrelid oid NOT NULL,
    stxname name NOT NULL,
    stxnamespace oid NOT NULL,
    stxowner oid NOT NULL,
    stxstattarget integer NOT NULL,
    stxkeys int2vector NOT NULL,
    stxkind "char"[] NOT NULL,
    stxexprs pg_node_tree COLLATE "C"
) WITH (oid = 3381, row_type = 10031, array_type = 10030);

CREATE TABLE pg_catalog.pg_init_privs (
    objoid oid NOT NULL,
    classoid oid NOT NULL,
    objsubid integer NOT NULL,
    privtype "char" NOT NULL,
    initprivs aclitem[] NOT NULL
) WITH (oid = 3394, row_type = 10090, array_type = 10089);

CREATE TABLE pg_catalog.pg_statistic_ext_data (
    stxoid oid NOT NULL,
    stxdinherit boolean NOT NULL,
    stxdndistinct pg_ndistinct COLLATE "C",
    stxddependencies pg_dependencies COLLATE "C",
    stxdmcv pg_mcv_list COLLATE "C",
    stxdexpr pg_statistic[]
) WITH (oid = 3429, row_type = 10033, array_type = 10032);

CREATE TABLE pg_catalog.pg_collation (
    oid oid NOT NULL,
    collname name NOT NULL,
    collnamespace oid NOT NULL,
    collowner oid NOT NULL,
    collprovider "char" NOT NULL,
    collisdeterministic boolean NOT NULL,
    collencoding integer NOT NULL,
    collcollate text COLLATE "C",
    collctype text COLLATE "C",
    colliculocale text COLLATE "C",
    collversion text COLLATE "C"
) WITH (oid = 3456, row_type = 10095, array_type = 10094);

CREATE TABLE pg_catalog.pg_event_trigger (
    oid oid NOT NULL,
    evtname name NOT NULL,
    evtevent name NOT NULL,
    evtowner oid NOT NULL,
    evtfoid oid NOT NULL,
    evtenabled "char" NOT NULL,
    evttags text[] COLLATE "C"
) WITH (oid = 3466, row_type = 10039, array_type = 10038);

CREATE TABLE pg_catalog.pg_enum (
    oid oid NOT NULL,
    enumtypid oid NOT NULL,
    enumsortorder real NOT NULL,
    enumlabel name NOT NULL
) WITH (oid = 3501, row_type = 10045, array_type = 10044);

CREATE TABLE pg_catalog.pg_range (
    rngtypid oid NOT NULL,
    rngsubtype oid NOT NULL,
    rngmultitypid oid NOT NULL,
    rngcollation oid NOT NULL,
    rngsubopc oid NOT NULL,
    rngcanonical regproc NOT NULL,
    rngsubdiff regproc NOT NULL
) WITH (oid = 3541, row_type = 10101, array_type = 10100);

CREATE TABLE pg_catalog.pg_transform (
    oid oid NOT NULL,
    trftype oid NOT NULL,
    trflang oid NOT NULL,
    trffromsql regproc NOT NULL,
    trftosql regproc NOT NULL
) WITH (oid = 3576, row_type = 10103, array_type = 10102);

CREATE TABLE pg_catalog.pg_shseclabel (
    objoid oid NOT NULL,
    classoid oid NOT NULL,
    provider text COLLATE "C" NOT NULL,
    label text COLLATE "C" NOT NULL
) WITH (oid = 3592, row_type = 4066, array_type = 10093);

CREATE TABLE pg_catalog.pg_seclabel (
    objoid oid NOT NULL,
    classoid oid NOT NULL,
    objsubid integer NOT NULL,
    provider text COLLATE "C" NOT NULL,
    label text COLLATE "C" NOT NULL
) WITH (oid = 3596, row_type = 10092, array_type = 10091);

CREATE TABLE pg_catalog.pg_ts_dict (
    oid oid NOT NULL,
    dictname name NOT NULL,
    dictnamespace oid NOT NULL,
    dictowner oid NOT NULL,
    dicttemplate oid NOT NULL,
    dictinitoption text COLLATE "C"
) WITH (oid = 3600, row_type = 10068, array_type = 10067);

CREATE TABLE pg_catalog.pg_ts_parser (
    oid oid NOT NULL,
    prsname name NOT NULL,
    prsnamespace oid NOT NULL,
    prsstart regproc NOT NULL,
    prstoken regproc NOT NULL,
    prsend regproc NOT NULL,
    prsheadline regproc NOT NULL,
    prslextype regproc NOT NULL
) WITH (oid = 3601, row_type = 10070, array_type = 10069);

CREATE TABLE pg_catalog.pg_ts_config (
    oid oid NOT NULL,
    cfgname name NOT NULL,
    cfgnamespace oid NOT NULL,
    cfgowner oid NOT NULL,
    cfgparser oid NOT NULL
) WITH (oid = 3602, row_type = 10064, array_type = 10063);

CREATE TABLE pg_catalog.pg_ts_config_map (
    mapcfg oid NOT NULL,
    maptokentype integer NOT NULL,
    mapseqno integer NOT NULL,
    mapdict oid NOT NULL
) WITH (oid = 3603, row_type = 10066, array_type = 10065);

CREATE TABLE pg_catalog.pg_ts_template (
    oid oid NOT NULL,
    tmplname name NOT NULL,
    tmplnamespace oid NOT NULL,
    tmplinit regproc NOT NULL,
    tmpllexize regproc NOT NULL
) WITH (oid = 3764, row_type = 10072, array_type = 10071);

CREATE TABLE pg_catalog.pg_replication_origin (
    roident oid NOT NULL,
    roname text COLLATE "C" NOT NULL
) WITH (oid = 6000, row_type = 10086, array_type = 10085);

CREATE TABLE pg_catalog.pg_subscription (
    oid oid NOT NULL,
    subdbid oid NOT NULL,
    subskiplsn pg_lsn NOT NULL,
    subname name NOT NULL,
    subowner oid NOT NULL,
    subenabled boolean NOT NULL,
    subbinary boolean NOT NULL,
    substream boolean NOT NULL,
    subtwophasestate "char" NOT NULL,
    subdisableonerr boolean NOT NULL,
    subconninfo text COLLATE "C" NOT NULL,
    subslotname name,
    subsynccommit text COLLATE "C" NOT NULL,
    subpublications text[] COLLATE "C" NOT NULL
) WITH (oid = 6100, row_type = 6101, array_type = 10112);

CREATE TABLE pg_catalog.pg_subscription_rel (
    srsubid oid NOT NULL,
    srrelid oid NOT NULL,
    srsubstate "char" NOT NULL,
    srsublsn pg_lsn
) WITH (oid = 6102, row_type = 10114, array_type = 10113);

CREATE TABLE pg_catalog.pg_publication (
    oid oid NOT NULL,
    pubname name NOT NULL,
    pubowner oid NOT NULL,
    puballtables boolean NOT NULL,
    pubinsert boolean NOT NULL,
    pubupdate boolean NOT NULL,
    pubdelete boolean NOT NULL,
    pubtruncate boolean NOT NULL,
    pubviaroot boolean NOT NULL
) WITH (oid = 6104, row_type = 10107, array_type = 10106);

CREATE TABLE pg_catalog.pg_publication_rel (
    oid oid NOT NULL,
    prpubid oid NOT NULL,
    prrelid oid NOT NULL,
    prqual pg_node_tree COLLATE "C",
    prattrs int2vector
) WITH (oid = 6106, row_type = 10111, array_type = 10110);

CREATE TABLE pg_catalog.pg_publication_namespace (
    oid oid NOT NULL,
    pnpubid oid NOT NULL,
    pnnspid oid NOT NULL
) WITH (oid = 6237, row_type = 10109, array_type = 10108);

CREATE TABLE pg_catalog.pg_parameter_acl (
    oid oid NOT NULL,
    parname text COLLATE "C" NOT NULL,
    paracl aclitem[]
) WITH (oid = 6243, row_type = 10097, array_type = 10096);
