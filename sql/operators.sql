-- Built-in operators, filed by the type of their left argument.

-- bool

CREATE OPERATOR pg_catalog.< (OID = 58, FUNCTION = boollt, LEFTARG = bool, RIGHTARG = bool, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 59, FUNCTION = boolgt, LEFTARG = bool, RIGHTARG = bool, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 85, FUNCTION = boolne, LEFTARG = bool, RIGHTARG = bool, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.= (OID = 91, FUNCTION = booleq, LEFTARG = bool, RIGHTARG = bool, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<= (OID = 1694, FUNCTION = boolle, LEFTARG = bool, RIGHTARG = bool, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1695, FUNCTION = boolge, LEFTARG = bool, RIGHTARG = bool, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);

-- integers

CREATE OPERATOR pg_catalog.= (OID = 15, FUNCTION = int48eq, LEFTARG = int4, RIGHTARG = int8, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 36, FUNCTION = int48ne, LEFTARG = int4, RIGHTARG = int8, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 37, FUNCTION = int48lt, LEFTARG = int4, RIGHTARG = int8, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 76, FUNCTION = int48gt, LEFTARG = int4, RIGHTARG = int8, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 80, FUNCTION = int48le, LEFTARG = int4, RIGHTARG = int8, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 82, FUNCTION = int48ge, LEFTARG = int4, RIGHTARG = int8, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.= (OID = 94, FUNCTION = int2eq, LEFTARG = int2, RIGHTARG = int2, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.< (OID = 95, FUNCTION = int2lt, LEFTARG = int2, RIGHTARG = int2, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.= (OID = 96, FUNCTION = int4eq, LEFTARG = int4, RIGHTARG = int4, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.< (OID = 97, FUNCTION = int4lt, LEFTARG = int4, RIGHTARG = int4, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.= (OID = 410, FUNCTION = int8eq, LEFTARG = int8, RIGHTARG = int8, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 411, FUNCTION = int8ne, LEFTARG = int8, RIGHTARG = int8, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 412, FUNCTION = int8lt, LEFTARG = int8, RIGHTARG = int8, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 413, FUNCTION = int8gt, LEFTARG = int8, RIGHTARG = int8, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 414, FUNCTION = int8le, LEFTARG = int8, RIGHTARG = int8, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 415, FUNCTION = int8ge, LEFTARG = int8, RIGHTARG = int8, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.= (OID = 416, FUNCTION = int84eq, LEFTARG = int8, RIGHTARG = int4, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 417, FUNCTION = int84ne, LEFTARG = int8, RIGHTARG = int4, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 418, FUNCTION = int84lt, LEFTARG = int8, RIGHTARG = int4, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 419, FUNCTION = int84gt, LEFTARG = int8, RIGHTARG = int4, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 420, FUNCTION = int84le, LEFTARG = int8, RIGHTARG = int4, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 430, FUNCTION = int84ge, LEFTARG = int8, RIGHTARG = int4, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.% (OID = 439, FUNCTION = int8mod, LEFTARG = int8, RIGHTARG = int8);
CREATE OPERATOR pg_catalog.@ (OID = 473, FUNCTION = int8abs, RIGHTARG = int8);
CREATE OPERATOR pg_catalog.- (OID = 484, FUNCTION = int8um, RIGHTARG = int8);
CREATE OPERATOR pg_catalog.* (OID = 514, FUNCTION = int4mul, LEFTARG = int4, RIGHTARG = int4, COMMUTATOR = *);
CREATE OPERATOR pg_catalog.<> (OID = 518, FUNCTION = int4ne, LEFTARG = int4, RIGHTARG = int4, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 519, FUNCTION = int2ne, LEFTARG = int2, RIGHTARG = int2, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 520, FUNCTION = int2gt, LEFTARG = int2, RIGHTARG = int2, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 521, FUNCTION = int4gt, LEFTARG = int4, RIGHTARG = int4, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 522, FUNCTION = int2le, LEFTARG = int2, RIGHTARG = int2, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 523, FUNCTION = int4le, LEFTARG = int4, RIGHTARG = int4, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 524, FUNCTION = int2ge, LEFTARG = int2, RIGHTARG = int2, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 525, FUNCTION = int4ge, LEFTARG = int4, RIGHTARG = int4, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.* (OID = 526, FUNCTION = int2mul, LEFTARG = int2, RIGHTARG = int2, COMMUTATOR = *);
CREATE OPERATOR pg_catalog./ (OID = 527, FUNCTION = int2div, LEFTARG = int2, RIGHTARG = int2);
CREATE OPERATOR pg_catalog./ (OID = 528, FUNCTION = int4div, LEFTARG = int4, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.% (OID = 529, FUNCTION = int2mod, LEFTARG = int2, RIGHTARG = int2);
CREATE OPERATOR pg_catalog.% (OID = 530, FUNCTION = int4mod, LEFTARG = int4, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.= (OID = 532, FUNCTION = int24eq, LEFTARG = int2, RIGHTARG = int4, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.= (OID = 533, FUNCTION = int42eq, LEFTARG = int4, RIGHTARG = int2, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.< (OID = 534, FUNCTION = int24lt, LEFTARG = int2, RIGHTARG = int4, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 535, FUNCTION = int42lt, LEFTARG = int4, RIGHTARG = int2, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 536, FUNCTION = int24gt, LEFTARG = int2, RIGHTARG = int4, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 537, FUNCTION = int42gt, LEFTARG = int4, RIGHTARG = int2, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 538, FUNCTION = int24ne, LEFTARG = int2, RIGHTARG = int4, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 539, FUNCTION = int42ne, LEFTARG = int4, RIGHTARG = int2, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 540, FUNCTION = int24le, LEFTARG = int2, RIGHTARG = int4, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 541, FUNCTION = int42le, LEFTARG = int4, RIGHTARG = int2, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 542, FUNCTION = int24ge, LEFTARG = int2, RIGHTARG = int4, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 543, FUNCTION = int42ge, LEFTARG = int4, RIGHTARG = int2, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.* (OID = 544, FUNCTION = int24mul, LEFTARG = int2, RIGHTARG = int4, COMMUTATOR = *);
CREATE OPERATOR pg_catalog.* (OID = 545, FUNCTION = int42mul, LEFTARG = int4, RIGHTARG = int2, COMMUTATOR = *);
CREATE OPERATOR pg_catalog./ (OID = 546, FUNCTION = int24div, LEFTARG = int2, RIGHTARG = int4);
CREATE OPERATOR pg_catalog./ (OID = 547, FUNCTION = int42div, LEFTARG = int4, RIGHTARG = int2);
CREATE OPERATOR pg_catalog.+ (OID = 550, FUNCTION = int2pl, LEFTARG = int2, RIGHTARG = int2, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.+ (OID = 551, FUNCTION = int4pl, LEFTARG = int4, RIGHTARG = int4, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.+ (OID = 552, FUNCTION = int24pl, LEFTARG = int2, RIGHTARG = int4, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.+ (OID = 553, FUNCTION = int42pl, LEFTARG = int4, RIGHTARG = int2, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 554, FUNCTION = int2mi, LEFTARG = int2, RIGHTARG = int2);
CREATE OPERATOR pg_catalog.- (OID = 555, FUNCTION = int4mi, LEFTARG = int4, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.- (OID = 556, FUNCTION = int24mi, LEFTARG = int2, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.- (OID = 557, FUNCTION = int42mi, LEFTARG = int4, RIGHTARG = int2);
CREATE OPERATOR pg_catalog.- (OID = 558, FUNCTION = int4um, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.- (OID = 559, FUNCTION = int2um, RIGHTARG = int2);
CREATE OPERATOR pg_catalog.@ (OID = 682, FUNCTION = int2abs, RIGHTARG = int2);
CREATE OPERATOR pg_catalog.+ (OID = 684, FUNCTION = int8pl, LEFTARG = int8, RIGHTARG = int8, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 685, FUNCTION = int8mi, LEFTARG = int8, RIGHTARG = int8);
CREATE OPERATOR pg_catalog.* (OID = 686, FUNCTION = int8mul, LEFTARG = int8, RIGHTARG = int8, COMMUTATOR = *);
CREATE OPERATOR pg_catalog./ (OID = 687, FUNCTION = int8div, LEFTARG = int8, RIGHTARG = int8);
CREATE OPERATOR pg_catalog.+ (OID = 688, FUNCTION = int84pl, LEFTARG = int8, RIGHTARG = int4, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 689, FUNCTION = int84mi, LEFTARG = int8, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.* (OID = 690, FUNCTION = int84mul, LEFTARG = int8, RIGHTARG = int4, COMMUTATOR = *);
CREATE OPERATOR pg_catalog./ (OID = 691, FUNCTION = int84div, LEFTARG = int8, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.+ (OID = 692, FUNCTION = int48pl, LEFTARG = int4, RIGHTARG = int8, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 693, FUNCTION = int48mi, LEFTARG = int4, RIGHTARG = int8);
CREATE OPERATOR pg_catalog.* (OID = 694, FUNCTION = int48mul, LEFTARG = int4, RIGHTARG = int8, COMMUTATOR = *);
CREATE OPERATOR pg_catalog./ (OID = 695, FUNCTION = int48div, LEFTARG = int4, RIGHTARG = int8);
CREATE OPERATOR pg_catalog.@ (OID = 773, FUNCTION = int4abs, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.+ (OID = 818, FUNCTION = int82pl, LEFTARG = int8, RIGHTARG = int2, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 819, FUNCTION = int82mi, LEFTARG = int8, RIGHTARG = int2);
CREATE OPERATOR pg_catalog.* (OID = 820, FUNCTION = int82mul, LEFTARG = int8, RIGHTARG = int2, COMMUTATOR = *);
CREATE OPERATOR pg_catalog./ (OID = 821, FUNCTION = int82div, LEFTARG = int8, RIGHTARG = int2);
CREATE OPERATOR pg_catalog.+ (OID = 822, FUNCTION = int28pl, LEFTARG = int2, RIGHTARG = int8, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 823, FUNCTION = int28mi, LEFTARG = int2, RIGHTARG = int8);
CREATE OPERATOR pg_catalog.* (OID = 824, FUNCTION = int28mul, LEFTARG = int2, RIGHTARG = int8, COMMUTATOR = *);
CREATE OPERATOR pg_catalog./ (OID = 825, FUNCTION = int28div, LEFTARG = int2, RIGHTARG = int8);
CREATE OPERATOR pg_catalog.* (OID = 917, FUNCTION = int4_mul_cash, LEFTARG = int4, RIGHTARG = money, COMMUTATOR = *);
CREATE OPERATOR pg_catalog.* (OID = 918, FUNCTION = int2_mul_cash, LEFTARG = int2, RIGHTARG = money, COMMUTATOR = *);
CREATE OPERATOR pg_catalog.= (OID = 1862, FUNCTION = int28eq, LEFTARG = int2, RIGHTARG = int8, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1863, FUNCTION = int28ne, LEFTARG = int2, RIGHTARG = int8, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1864, FUNCTION = int28lt, LEFTARG = int2, RIGHTARG = int8, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1865, FUNCTION = int28gt, LEFTARG = int2, RIGHTARG = int8, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1866, FUNCTION = int28le, LEFTARG = int2, RIGHTARG = int8, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1867, FUNCTION = int28ge, LEFTARG = int2, RIGHTARG = int8, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.= (OID = 1868, FUNCTION = int82eq, LEFTARG = int8, RIGHTARG = int2, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1869, FUNCTION = int82ne, LEFTARG = int8, RIGHTARG = int2, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1870, FUNCTION = int82lt, LEFTARG = int8, RIGHTARG = int2, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1871, FUNCTION = int82gt, LEFTARG = int8, RIGHTARG = int2, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1872, FUNCTION = int82le, LEFTARG = int8, RIGHTARG = int2, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1873, FUNCTION = int82ge, LEFTARG = int8, RIGHTARG = int2, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.& (OID = 1874, FUNCTION = int2and, LEFTARG = int2, RIGHTARG = int2, COMMUTATOR = &);
CREATE OPERATOR pg_catalog.| (OID = 1875, FUNCTION = int2or, LEFTARG = int2, RIGHTARG = int2, COMMUTATOR = |);
CREATE OPERATOR pg_catalog.# (OID = 1876, FUNCTION = int2xor, LEFTARG = int2, RIGHTARG = int2, COMMUTATOR = #);
CREATE OPERATOR pg_catalog.~ (OID = 1877, FUNCTION = int2not, RIGHTARG = int2);
CREATE OPERATOR pg_catalog.<< (OID = 1878, FUNCTION = int2shl, LEFTARG = int2, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.>> (OID = 1879, FUNCTION = int2shr, LEFTARG = int2, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.& (OID = 1880, FUNCTION = int4and, LEFTARG = int4, RIGHTARG = int4, COMMUTATOR = &);
CREATE OPERATOR pg_catalog.| (OID = 1881, FUNCTION = int4or, LEFTARG = int4, RIGHTARG = int4, COMMUTATOR = |);
CREATE OPERATOR pg_catalog.# (OID = 1882, FUNCTION = int4xor, LEFTARG = int4, RIGHTARG = int4, COMMUTATOR = #);
CREATE OPERATOR pg_catalog.~ (OID = 1883, FUNCTION = int4not, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.<< (OID = 1884, FUNCTION = int4shl, LEFTARG = int4, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.>> (OID = 1885, FUNCTION = int4shr, LEFTARG = int4, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.& (OID = 1886, FUNCTION = int8and, LEFTARG = int8, RIGHTARG = int8, COMMUTATOR = &);
CREATE OPERATOR pg_catalog.| (OID = 1887, FUNCTION = int8or, LEFTARG = int8, RIGHTARG = int8, COMMUTATOR = |);
CREATE OPERATOR pg_catalog.# (OID = 1888, FUNCTION = int8xor, LEFTARG = int8, RIGHTARG = int8, COMMUTATOR = #);
CREATE OPERATOR pg_catalog.~ (OID = 1889, FUNCTION = int8not, RIGHTARG = int8);
CREATE OPERATOR pg_catalog.<< (OID = 1890, FUNCTION = int8shl, LEFTARG = int8, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.>> (OID = 1891, FUNCTION = int8shr, LEFTARG = int8, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.+ (OID = 1916, FUNCTION = int8up, RIGHTARG = int8);
CREATE OPERATOR pg_catalog.+ (OID = 1917, FUNCTION = int2up, RIGHTARG = int2);
CREATE OPERATOR pg_catalog.+ (OID = 1918, FUNCTION = int4up, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.+ (OID = 2555, FUNCTION = integer_pl_date, LEFTARG = int4, RIGHTARG = date, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.+ (OID = 2638, FUNCTION = int8pl_inet, LEFTARG = int8, RIGHTARG = inet, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.* (OID = 3349, FUNCTION = int8_mul_cash, LEFTARG = int8, RIGHTARG = money, COMMUTATOR = *);

-- floating point

CREATE OPERATOR pg_catalog.- (OID = 584, FUNCTION = float4um, RIGHTARG = float4);
CREATE OPERATOR pg_catalog.- (OID = 585, FUNCTION = float8um, RIGHTARG = float8);
CREATE OPERATOR pg_catalog.+ (OID = 586, FUNCTION = float4pl, LEFTARG = float4, RIGHTARG = float4, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 587, FUNCTION = float4mi, LEFTARG = float4, RIGHTARG = float4);
CREATE OPERATOR pg_catalog./ (OID = 588, FUNCTION = float4div, LEFTARG = float4, RIGHTARG = float4);
CREATE OPERATOR pg_catalog.* (OID = 589, FUNCTION = float4mul, LEFTARG = float4, RIGHTARG = float4, COMMUTATOR = *);
CREATE OPERATOR pg_catalog.@ (OID = 590, FUNCTION = float4abs, RIGHTARG = float4);
CREATE OPERATOR pg_catalog.+ (OID = 591, FUNCTION = float8pl, LEFTARG = float8, RIGHTARG = float8, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 592, FUNCTION = float8mi, LEFTARG = float8, RIGHTARG = float8);
CREATE OPERATOR pg_catalog./ (OID = 593, FUNCTION = float8div, LEFTARG = float8, RIGHTARG = float8);
CREATE OPERATOR pg_catalog.* (OID = 594, FUNCTION = float8mul, LEFTARG = float8, RIGHTARG = float8, COMMUTATOR = *);
CREATE OPERATOR pg_catalog.@ (OID = 595, FUNCTION = float8abs, RIGHTARG = float8);
CREATE OPERATOR pg_catalog.|/ (OID = 596, FUNCTION = dsqrt, RIGHTARG = float8);
CREATE OPERATOR pg_catalog.||/ (OID = 597, FUNCTION = dcbrt, RIGHTARG = float8);
CREATE OPERATOR pg_catalog.= (OID = 620, FUNCTION = float4eq, LEFTARG = float4, RIGHTARG = float4, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 621, FUNCTION = float4ne, LEFTARG = float4, RIGHTARG = float4, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 622, FUNCTION = float4lt, LEFTARG = float4, RIGHTARG = float4, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 623, FUNCTION = float4gt, LEFTARG = float4, RIGHTARG = float4, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 624, FUNCTION = float4le, LEFTARG = float4, RIGHTARG = float4, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 625, FUNCTION = float4ge, LEFTARG = float4, RIGHTARG = float4, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.= (OID = 670, FUNCTION = float8eq, LEFTARG = float8, RIGHTARG = float8, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 671, FUNCTION = float8ne, LEFTARG = float8, RIGHTARG = float8, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 672, FUNCTION = float8lt, LEFTARG = float8, RIGHTARG = float8, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 673, FUNCTION = float8le, LEFTARG = float8, RIGHTARG = float8, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 674, FUNCTION = float8gt, LEFTARG = float8, RIGHTARG = float8, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 675, FUNCTION = float8ge, LEFTARG = float8, RIGHTARG = float8, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.* (OID = 845, FUNCTION = flt4_mul_cash, LEFTARG = float4, RIGHTARG = money, COMMUTATOR = *);
CREATE OPERATOR pg_catalog.* (OID = 916, FUNCTION = flt8_mul_cash, LEFTARG = float8, RIGHTARG = money, COMMUTATOR = *);
CREATE OPERATOR pg_catalog.^ (OID = 965, FUNCTION = dpow, LEFTARG = float8, RIGHTARG = float8);
CREATE OPERATOR pg_catalog.+ (OID = 1116, FUNCTION = float48pl, LEFTARG = float4, RIGHTARG = float8, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 1117, FUNCTION = float48mi, LEFTARG = float4, RIGHTARG = float8);
CREATE OPERATOR pg_catalog./ (OID = 1118, FUNCTION = float48div, LEFTARG = float4, RIGHTARG = float8);
CREATE OPERATOR pg_catalog.* (OID = 1119, FUNCTION = float48mul, LEFTARG = float4, RIGHTARG = float8, COMMUTATOR = *);
CREATE OPERATOR pg_catalog.= (OID = 1120, FUNCTION = float48eq, LEFTARG = float4, RIGHTARG = float8, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1121, FUNCTION = float48ne, LEFTARG = float4, RIGHTARG = float8, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1122, FUNCTION = float48lt, LEFTARG = float4, RIGHTARG = float8, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1123, FUNCTION = float48gt, LEFTARG = float4, RIGHTARG = float8, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1124, FUNCTION = float48le, LEFTARG = float4, RIGHTARG = float8, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1125, FUNCTION = float48ge, LEFTARG = float4, RIGHTARG = float8, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.+ (OID = 1126, FUNCTION = float84pl, LEFTARG = float8, RIGHTARG = float4, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 1127, FUNCTION = float84mi, LEFTARG = float8, RIGHTARG = float4);
CREATE OPERATOR pg_catalog./ (OID = 1128, FUNCTION = float84div, LEFTARG = float8, RIGHTARG = float4);
CREATE OPERATOR pg_catalog.* (OID = 1129, FUNCTION = float84mul, LEFTARG = float8, RIGHTARG = float4, COMMUTATOR = *);
CREATE OPERATOR pg_catalog.= (OID = 1130, FUNCTION = float84eq, LEFTARG = float8, RIGHTARG = float4, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1131, FUNCTION = float84ne, LEFTARG = float8, RIGHTARG = float4, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1132, FUNCTION = float84lt, LEFTARG = float8, RIGHTARG = float4, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1133, FUNCTION = float84gt, LEFTARG = float8, RIGHTARG = float4, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1134, FUNCTION = float84le, LEFTARG = float8, RIGHTARG = float4, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1135, FUNCTION = float84ge, LEFTARG = float8, RIGHTARG = float4, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.* (OID = 1584, FUNCTION = mul_d_interval, LEFTARG = float8, RIGHTARG = interval, COMMUTATOR = *);
CREATE OPERATOR pg_catalog.+ (OID = 1919, FUNCTION = float4up, RIGHTARG = float4);
CREATE OPERATOR pg_catalog.+ (OID = 1920, FUNCTION = float8up, RIGHTARG = float8);

-- numeric

CREATE OPERATOR pg_catalog.^ (OID = 1038, FUNCTION = numeric_power, LEFTARG = numeric, RIGHTARG = numeric);
CREATE OPERATOR pg_catalog.- (OID = 1751, FUNCTION = numeric_uminus, RIGHTARG = numeric);
CREATE OPERATOR pg_catalog.= (OID = 1752, FUNCTION = numeric_eq, LEFTARG = numeric, RIGHTARG = numeric, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1753, FUNCTION = numeric_ne, LEFTARG = numeric, RIGHTARG = numeric, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1754, FUNCTION = numeric_lt, LEFTARG = numeric, RIGHTARG = numeric, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1755, FUNCTION = numeric_le, LEFTARG = numeric, RIGHTARG = numeric, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1756, FUNCTION = numeric_gt, LEFTARG = numeric, RIGHTARG = numeric, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1757, FUNCTION = numeric_ge, LEFTARG = numeric, RIGHTARG = numeric, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.+ (OID = 1758, FUNCTION = numeric_add, LEFTARG = numeric, RIGHTARG = numeric, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 1759, FUNCTION = numeric_sub, LEFTARG = numeric, RIGHTARG = numeric);
CREATE OPERATOR pg_catalog.* (OID = 1760, FUNCTION = numeric_mul, LEFTARG = numeric, RIGHTARG = numeric, COMMUTATOR = *);
CREATE OPERATOR pg_catalog./ (OID = 1761, FUNCTION = numeric_div, LEFTARG = numeric, RIGHTARG = numeric);
CREATE OPERATOR pg_catalog.% (OID = 1762, FUNCTION = numeric_mod, LEFTARG = numeric, RIGHTARG = numeric);
CREATE OPERATOR pg_catalog.@ (OID = 1763, FUNCTION = numeric_abs, RIGHTARG = numeric);
CREATE OPERATOR pg_catalog.+ (OID = 1921, FUNCTION = numeric_uplus, RIGHTARG = numeric);
CREATE OPERATOR pg_catalog.+ (OID = 5026, FUNCTION = numeric_pl_pg_lsn, LEFTARG = numeric, RIGHTARG = pg_lsn, COMMUTATOR = +);

-- character strings

CREATE OPERATOR pg_catalog.= (OID = 92, FUNCTION = chareq, LEFTARG = "char", RIGHTARG = "char", COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.= (OID = 93, FUNCTION = nameeq, LEFTARG = name, RIGHTARG = name, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.= (OID = 98, FUNCTION = texteq, LEFTARG = text, RIGHTARG = text, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.= (OID = 254, FUNCTION = nameeqtext, LEFTARG = name, RIGHTARG = text, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.< (OID = 255, FUNCTION = namelttext, LEFTARG = name, RIGHTARG = text, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 256, FUNCTION = nameletext, LEFTARG = name, RIGHTARG = text, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 257, FUNCTION = namegetext, LEFTARG = name, RIGHTARG = text, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 258, FUNCTION = namegttext, LEFTARG = name, RIGHTARG = text, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 259, FUNCTION = namenetext, LEFTARG = name, RIGHTARG = text, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.= (OID = 260, FUNCTION = texteqname, LEFTARG = text, RIGHTARG = name, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.< (OID = 261, FUNCTION = textltname, LEFTARG = text, RIGHTARG = name, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 262, FUNCTION = textlename, LEFTARG = text, RIGHTARG = name, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 263, FUNCTION = textgename, LEFTARG = text, RIGHTARG = name, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 264, FUNCTION = textgtname, LEFTARG = text, RIGHTARG = name, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 265, FUNCTION = textnename, LEFTARG = text, RIGHTARG = name, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 531, FUNCTION = textne, LEFTARG = text, RIGHTARG = text, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 630, FUNCTION = charne, LEFTARG = "char", RIGHTARG = "char", COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 631, FUNCTION = charlt, LEFTARG = "char", RIGHTARG = "char", COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 632, FUNCTION = charle, LEFTARG = "char", RIGHTARG = "char", COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 633, FUNCTION = chargt, LEFTARG = "char", RIGHTARG = "char", COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 634, FUNCTION = charge, LEFTARG = "char", RIGHTARG = "char", COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.~ (OID = 639, FUNCTION = nameregexeq, LEFTARG = name, RIGHTARG = text, NEGATOR = !~, RESTRICT = regexeqsel, JOIN = regexeqjoinsel);
CREATE OPERATOR pg_catalog.!~ (OID = 640, FUNCTION = nameregexne, LEFTARG = name, RIGHTARG = text, NEGATOR = ~, RESTRICT = regexnesel, JOIN = regexnejoinsel);
CREATE OPERATOR pg_catalog.~ (OID = 641, FUNCTION = textregexeq, LEFTARG = text, RIGHTARG = text, NEGATOR = !~, RESTRICT = regexeqsel, JOIN = regexeqjoinsel);
CREATE OPERATOR pg_catalog.!~ (OID = 642, FUNCTION = textregexne, LEFTARG = text, RIGHTARG = text, NEGATOR = ~, RESTRICT = regexnesel, JOIN = regexnejoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 643, FUNCTION = namene, LEFTARG = name, RIGHTARG = name, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.|| (OID = 654, FUNCTION = textcat, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR pg_catalog.< (OID = 660, FUNCTION = namelt, LEFTARG = name, RIGHTARG = name, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 661, FUNCTION = namele, LEFTARG = name, RIGHTARG = name, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 662, FUNCTION = namegt, LEFTARG = name, RIGHTARG = name, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 663, FUNCTION = namege, LEFTARG = name, RIGHTARG = name, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.< (OID = 664, FUNCTION = text_lt, LEFTARG = text, RIGHTARG = text, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 665, FUNCTION = text_le, LEFTARG = text, RIGHTARG = text, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 666, FUNCTION = text_gt, LEFTARG = text, RIGHTARG = text, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 667, FUNCTION = text_ge, LEFTARG = text, RIGHTARG = text, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.= (OID = 1054, FUNCTION = bpchareq, LEFTARG = bpchar, RIGHTARG = bpchar, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.~ (OID = 1055, FUNCTION = bpcharregexeq, LEFTARG = bpchar, RIGHTARG = text, NEGATOR = !~, RESTRICT = regexeqsel, JOIN = regexeqjoinsel);
CREATE OPERATOR pg_catalog.!~ (OID = 1056, FUNCTION = bpcharregexne, LEFTARG = bpchar, RIGHTARG = text, NEGATOR = ~, RESTRICT = regexnesel, JOIN = regexnejoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 1057, FUNCTION = bpcharne, LEFTARG = bpchar, RIGHTARG = bpchar, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1058, FUNCTION = bpcharlt, LEFTARG = bpchar, RIGHTARG = bpchar, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1059, FUNCTION = bpcharle, LEFTARG = bpchar, RIGHTARG = bpchar, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1060, FUNCTION = bpchargt, LEFTARG = bpchar, RIGHTARG = bpchar, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1061, FUNCTION = bpcharge, LEFTARG = bpchar, RIGHTARG = bpchar, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.~~ (OID = 1207, FUNCTION = namelike, LEFTARG = name, RIGHTARG = text, NEGATOR = !~~, RESTRICT = likesel, JOIN = likejoinsel);
CREATE OPERATOR pg_catalog.!~~ (OID = 1208, FUNCTION = namenlike, LEFTARG = name, RIGHTARG = text, NEGATOR = ~~, RESTRICT = nlikesel, JOIN = nlikejoinsel);
CREATE OPERATOR pg_catalog.~~ (OID = 1209, FUNCTION = textlike, LEFTARG = text, RIGHTARG = text, NEGATOR = !~~, RESTRICT = likesel, JOIN = likejoinsel);
CREATE OPERATOR pg_catalog.!~~ (OID = 1210, FUNCTION = textnlike, LEFTARG = text, RIGHTARG = text, NEGATOR = ~~, RESTRICT = nlikesel, JOIN = nlikejoinsel);
CREATE OPERATOR pg_catalog.~~ (OID = 1211, FUNCTION = bpcharlike, LEFTARG = bpchar, RIGHTARG = text, NEGATOR = !~~, RESTRICT = likesel, JOIN = likejoinsel);
CREATE OPERATOR pg_catalog.!~~ (OID = 1212, FUNCTION = bpcharnlike, LEFTARG = bpchar, RIGHTARG = text, NEGATOR = ~~, RESTRICT = nlikesel, JOIN = nlikejoinsel);
CREATE OPERATOR pg_catalog.~* (OID = 1226, FUNCTION = nameicregexeq, LEFTARG = name, RIGHTARG = text, NEGATOR = !~*, RESTRICT = icregexeqsel, JOIN = icregexeqjoinsel);
CREATE OPERATOR pg_catalog.!~* (OID = 1227, FUNCTION = nameicregexne, LEFTARG = name, RIGHTARG = text, NEGATOR = ~*, RESTRICT = icregexnesel, JOIN = icregexnejoinsel);
CREATE OPERATOR pg_catalog.~* (OID = 1228, FUNCTION = texticregexeq, LEFTARG = text, RIGHTARG = text, NEGATOR = !~*, RESTRICT = icregexeqsel, JOIN = icregexeqjoinsel);
CREATE OPERATOR pg_catalog.!~* (OID = 1229, FUNCTION = texticregexne, LEFTARG = text, RIGHTARG = text, NEGATOR = ~*, RESTRICT = icregexnesel, JOIN = icregexnejoinsel);
CREATE OPERATOR pg_catalog.~* (OID = 1234, FUNCTION = bpcharicregexeq, LEFTARG = bpchar, RIGHTARG = text, NEGATOR = !~*, RESTRICT = icregexeqsel, JOIN = icregexeqjoinsel);
CREATE OPERATOR pg_catalog.!~* (OID = 1235, FUNCTION = bpcharicregexne, LEFTARG = bpchar, RIGHTARG = text, NEGATOR = ~*, RESTRICT = icregexnesel, JOIN = icregexnejoinsel);
CREATE OPERATOR pg_catalog.~~* (OID = 1625, FUNCTION = nameiclike, LEFTARG = name, RIGHTARG = text, NEGATOR = !~~*, RESTRICT = iclikesel, JOIN = iclikejoinsel);
CREATE OPERATOR pg_catalog.!~~* (OID = 1626, FUNCTION = nameicnlike, LEFTARG = name, RIGHTARG = text, NEGATOR = ~~*, RESTRICT = icnlikesel, JOIN = icnlikejoinsel);
CREATE OPERATOR pg_catalog.~~* (OID = 1627, FUNCTION = texticlike, LEFTARG = text, RIGHTARG = text, NEGATOR = !~~*, RESTRICT = iclikesel, JOIN = iclikejoinsel);
CREATE OPERATOR pg_catalog.!~~* (OID = 1628, FUNCTION = texticnlike, LEFTARG = text, RIGHTARG = text, NEGATOR = ~~*, RESTRICT = icnlikesel, JOIN = icnlikejoinsel);
CREATE OPERATOR pg_catalog.~~* (OID = 1629, FUNCTION = bpchariclike, LEFTARG = bpchar, RIGHTARG = text, NEGATOR = !~~*, RESTRICT = iclikesel, JOIN = iclikejoinsel);
CREATE OPERATOR pg_catalog.!~~* (OID = 1630, FUNCTION = bpcharicnlike, LEFTARG = bpchar, RIGHTARG = text, NEGATOR = ~~*, RESTRICT = icnlikesel, JOIN = icnlikejoinsel);
CREATE OPERATOR pg_catalog.~<~ (OID = 2314, FUNCTION = text_pattern_lt, LEFTARG = text, RIGHTARG = text, COMMUTATOR = ~>~, NEGATOR = ~>=~, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.~<=~ (OID = 2315, FUNCTION = text_pattern_le, LEFTARG = text, RIGHTARG = text, COMMUTATOR = ~>=~, NEGATOR = ~>~, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.~>=~ (OID = 2317, FUNCTION = text_pattern_ge, LEFTARG = text, RIGHTARG = text, COMMUTATOR = ~<=~, NEGATOR = ~<~, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.~>~ (OID = 2318, FUNCTION = text_pattern_gt, LEFTARG = text, RIGHTARG = text, COMMUTATOR = ~<~, NEGATOR = ~<=~, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.~<~ (OID = 2326, FUNCTION = bpchar_pattern_lt, LEFTARG = bpchar, RIGHTARG = bpchar, COMMUTATOR = ~>~, NEGATOR = ~>=~, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.~<=~ (OID = 2327, FUNCTION = bpchar_pattern_le, LEFTARG = bpchar, RIGHTARG = bpchar, COMMUTATOR = ~>=~, NEGATOR = ~>~, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.~>=~ (OID = 2329, FUNCTION = bpchar_pattern_ge, LEFTARG = bpchar, RIGHTARG = bpchar, COMMUTATOR = ~<=~, NEGATOR = ~<~, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.~>~ (OID = 2330, FUNCTION = bpchar_pattern_gt, LEFTARG = bpchar, RIGHTARG = bpchar, COMMUTATOR = ~<~, NEGATOR = ~<=~, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.|| (OID = 2779, FUNCTION = textanycat, LEFTARG = text, RIGHTARG = anynonarray);
CREATE OPERATOR pg_catalog.@@ (OID = 3762, FUNCTION = ts_match_tt, LEFTARG = text, RIGHTARG = text, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR pg_catalog.@@ (OID = 3763, FUNCTION = ts_match_tq, LEFTARG = text, RIGHTARG = tsquery, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR pg_catalog.^@ (OID = 3877, FUNCTION = starts_with, LEFTARG = text, RIGHTARG = text, RESTRICT = prefixsel, JOIN = prefixjoinsel);

-- bytea

CREATE OPERATOR pg_catalog.= (OID = 1955, FUNCTION = byteaeq, LEFTARG = bytea, RIGHTARG = bytea, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1956, FUNCTION = byteane, LEFTARG = bytea, RIGHTARG = bytea, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1957, FUNCTION = bytealt, LEFTARG = bytea, RIGHTARG = bytea, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1958, FUNCTION = byteale, LEFTARG = bytea, RIGHTARG = bytea, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1959, FUNCTION = byteagt, LEFTARG = bytea, RIGHTARG = bytea, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1960, FUNCTION = byteage, LEFTARG = bytea, RIGHTARG = bytea, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.~~ (OID = 2016, FUNCTION = bytealike, LEFTARG = bytea, RIGHTARG = bytea, NEGATOR = !~~, RESTRICT = likesel, JOIN = likejoinsel);
CREATE OPERATOR pg_catalog.!~~ (OID = 2017, FUNCTION = byteanlike, LEFTARG = bytea, RIGHTARG = bytea, NEGATOR = ~~, RESTRICT = nlikesel, JOIN = nlikejoinsel);
CREATE OPERATOR pg_catalog.|| (OID = 2018, FUNCTION = byteacat, LEFTARG = bytea, RIGHTARG = bytea);

-- date

CREATE OPERATOR pg_catalog.+ (OID = 1076, FUNCTION = date_pl_interval, LEFTARG = date, RIGHTARG = interval, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 1077, FUNCTION = date_mi_interval, LEFTARG = date, RIGHTARG = interval);
CREATE OPERATOR pg_catalog.= (OID = 1093, FUNCTION = date_eq, LEFTARG = date, RIGHTARG = date, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1094, FUNCTION = date_ne, LEFTARG = date, RIGHTARG = date, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1095, FUNCTION = date_lt, LEFTARG = date, RIGHTARG = date, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1096, FUNCTION = date_le, LEFTARG = date, RIGHTARG = date, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1097, FUNCTION = date_gt, LEFTARG = date, RIGHTARG = date, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1098, FUNCTION = date_ge, LEFTARG = date, RIGHTARG = date, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.- (OID = 1099, FUNCTION = date_mi, LEFTARG = date, RIGHTARG = date);
CREATE OPERATOR pg_catalog.+ (OID = 1100, FUNCTION = date_pli, LEFTARG = date, RIGHTARG = int4, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 1101, FUNCTION = date_mii, LEFTARG = date, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.+ (OID = 1360, FUNCTION = datetime_pl, LEFTARG = date, RIGHTARG = time, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.+ (OID = 1361, FUNCTION = datetimetz_pl, LEFTARG = date, RIGHTARG = timetz, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.< (OID = 2345, FUNCTION = date_lt_timestamp, LEFTARG = date, RIGHTARG = timestamp, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 2346, FUNCTION = date_le_timestamp, LEFTARG = date, RIGHTARG = timestamp, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.= (OID = 2347, FUNCTION = date_eq_timestamp, LEFTARG = date, RIGHTARG = timestamp, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, MERGES);
CREATE OPERATOR pg_catalog.>= (OID = 2348, FUNCTION = date_ge_timestamp, LEFTARG = date, RIGHTARG = timestamp, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 2349, FUNCTION = date_gt_timestamp, LEFTARG = date, RIGHTARG = timestamp, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 2350, FUNCTION = date_ne_timestamp, LEFTARG = date, RIGHTARG = timestamp, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 2358, FUNCTION = date_lt_timestamptz, LEFTARG = date, RIGHTARG = timestamptz, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 2359, FUNCTION = date_le_timestamptz, LEFTARG = date, RIGHTARG = timestamptz, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.= (OID = 2360, FUNCTION = date_eq_timestamptz, LEFTARG = date, RIGHTARG = timestamptz, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, MERGES);
CREATE OPERATOR pg_catalog.>= (OID = 2361, FUNCTION = date_ge_timestamptz, LEFTARG = date, RIGHTARG = timestamptz, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 2362, FUNCTION = date_gt_timestamptz, LEFTARG = date, RIGHTARG = timestamptz, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 2363, FUNCTION = date_ne_timestamptz, LEFTARG = date, RIGHTARG = timestamptz, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);

-- time

CREATE OPERATOR pg_catalog.= (OID = 1108, FUNCTION = time_eq, LEFTARG = time, RIGHTARG = time, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1109, FUNCTION = time_ne, LEFTARG = time, RIGHTARG = time, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1110, FUNCTION = time_lt, LEFTARG = time, RIGHTARG = time, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1111, FUNCTION = time_le, LEFTARG = time, RIGHTARG = time, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1112, FUNCTION = time_gt, LEFTARG = time, RIGHTARG = time, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1113, FUNCTION = time_ge, LEFTARG = time, RIGHTARG = time, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.+ (OID = 1363, FUNCTION = timedate_pl, LEFTARG = time, RIGHTARG = date, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 1399, FUNCTION = time_mi_time, LEFTARG = time, RIGHTARG = time);
CREATE OPERATOR pg_catalog.+ (OID = 1800, FUNCTION = time_pl_interval, LEFTARG = time, RIGHTARG = interval, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 1801, FUNCTION = time_mi_interval, LEFTARG = time, RIGHTARG = interval);

-- timetz

CREATE OPERATOR pg_catalog.+ (OID = 1366, FUNCTION = timetzdate_pl, LEFTARG = timetz, RIGHTARG = date, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.= (OID = 1550, FUNCTION = timetz_eq, LEFTARG = timetz, RIGHTARG = timetz, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1551, FUNCTION = timetz_ne, LEFTARG = timetz, RIGHTARG = timetz, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1552, FUNCTION = timetz_lt, LEFTARG = timetz, RIGHTARG = timetz, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1553, FUNCTION = timetz_le, LEFTARG = timetz, RIGHTARG = timetz, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1554, FUNCTION = timetz_gt, LEFTARG = timetz, RIGHTARG = timetz, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1555, FUNCTION = timetz_ge, LEFTARG = timetz, RIGHTARG = timetz, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.+ (OID = 1802, FUNCTION = timetz_pl_interval, LEFTARG = timetz, RIGHTARG = interval, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 1803, FUNCTION = timetz_mi_interval, LEFTARG = timetz, RIGHTARG = interval);

-- timestamp

CREATE OPERATOR pg_catalog.= (OID = 2060, FUNCTION = timestamp_eq, LEFTARG = timestamp, RIGHTARG = timestamp, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 2061, FUNCTION = timestamp_ne, LEFTARG = timestamp, RIGHTARG = timestamp, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 2062, FUNCTION = timestamp_lt, LEFTARG = timestamp, RIGHTARG = timestamp, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 2063, FUNCTION = timestamp_le, LEFTARG = timestamp, RIGHTARG = timestamp, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 2064, FUNCTION = timestamp_gt, LEFTARG = timestamp, RIGHTARG = timestamp, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 2065, FUNCTION = timestamp_ge, LEFTARG = timestamp, RIGHTARG = timestamp, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.+ (OID = 2066, FUNCTION = timestamp_pl_interval, LEFTARG = timestamp, RIGHTARG = interval, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 2067, FUNCTION = timestamp_mi, LEFTARG = timestamp, RIGHTARG = timestamp);
CREATE OPERATOR pg_catalog.- (OID = 2068, FUNCTION = timestamp_mi_interval, LEFTARG = timestamp, RIGHTARG = interval);
CREATE OPERATOR pg_catalog.< (OID = 2371, FUNCTION = timestamp_lt_date, LEFTARG = timestamp, RIGHTARG = date, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 2372, FUNCTION = timestamp_le_date, LEFTARG = timestamp, RIGHTARG = date, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.= (OID = 2373, FUNCTION = timestamp_eq_date, LEFTARG = timestamp, RIGHTARG = date, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, MERGES);
CREATE OPERATOR pg_catalog.>= (OID = 2374, FUNCTION = timestamp_ge_date, LEFTARG = timestamp, RIGHTARG = date, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 2375, FUNCTION = timestamp_gt_date, LEFTARG = timestamp, RIGHTARG = date, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 2376, FUNCTION = timestamp_ne_date, LEFTARG = timestamp, RIGHTARG = date, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 2534, FUNCTION = timestamp_lt_timestamptz, LEFTARG = timestamp, RIGHTARG = timestamptz, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 2535, FUNCTION = timestamp_le_timestamptz, LEFTARG = timestamp, RIGHTARG = timestamptz, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.= (OID = 2536, FUNCTION = timestamp_eq_timestamptz, LEFTARG = timestamp, RIGHTARG = timestamptz, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, MERGES);
CREATE OPERATOR pg_catalog.>= (OID = 2537, FUNCTION = timestamp_ge_timestamptz, LEFTARG = timestamp, RIGHTARG = timestamptz, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 2538, FUNCTION = timestamp_gt_timestamptz, LEFTARG = timestamp, RIGHTARG = timestamptz, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 2539, FUNCTION = timestamp_ne_timestamptz, LEFTARG = timestamp, RIGHTARG = timestamptz, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);

-- timestamptz

CREATE OPERATOR pg_catalog.= (OID = 1320, FUNCTION = timestamptz_eq, LEFTARG = timestamptz, RIGHTARG = timestamptz, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1321, FUNCTION = timestamptz_ne, LEFTARG = timestamptz, RIGHTARG = timestamptz, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1322, FUNCTION = timestamptz_lt, LEFTARG = timestamptz, RIGHTARG = timestamptz, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1323, FUNCTION = timestamptz_le, LEFTARG = timestamptz, RIGHTARG = timestamptz, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1324, FUNCTION = timestamptz_gt, LEFTARG = timestamptz, RIGHTARG = timestamptz, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1325, FUNCTION = timestamptz_ge, LEFTARG = timestamptz, RIGHTARG = timestamptz, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.+ (OID = 1327, FUNCTION = timestamptz_pl_interval, LEFTARG = timestamptz, RIGHTARG = interval, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 1328, FUNCTION = timestamptz_mi, LEFTARG = timestamptz, RIGHTARG = timestamptz);
CREATE OPERATOR pg_catalog.- (OID = 1329, FUNCTION = timestamptz_mi_interval, LEFTARG = timestamptz, RIGHTARG = interval);
CREATE OPERATOR pg_catalog.< (OID = 2384, FUNCTION = timestamptz_lt_date, LEFTARG = timestamptz, RIGHTARG = date, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 2385, FUNCTION = timestamptz_le_date, LEFTARG = timestamptz, RIGHTARG = date, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.= (OID = 2386, FUNCTION = timestamptz_eq_date, LEFTARG = timestamptz, RIGHTARG = date, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, MERGES);
CREATE OPERATOR pg_catalog.>= (OID = 2387, FUNCTION = timestamptz_ge_date, LEFTARG = timestamptz, RIGHTARG = date, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 2388, FUNCTION = timestamptz_gt_date, LEFTARG = timestamptz, RIGHTARG = date, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 2389, FUNCTION = timestamptz_ne_date, LEFTARG = timestamptz, RIGHTARG = date, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 2540, FUNCTION = timestamptz_lt_timestamp, LEFTARG = timestamptz, RIGHTARG = timestamp, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 2541, FUNCTION = timestamptz_le_timestamp, LEFTARG = timestamptz, RIGHTARG = timestamp, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.= (OID = 2542, FUNCTION = timestamptz_eq_timestamp, LEFTARG = timestamptz, RIGHTARG = timestamp, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, MERGES);
CREATE OPERATOR pg_catalog.>= (OID = 2543, FUNCTION = timestamptz_ge_timestamp, LEFTARG = timestamptz, RIGHTARG = timestamp, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 2544, FUNCTION = timestamptz_gt_timestamp, LEFTARG = timestamptz, RIGHTARG = timestamp, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 2545, FUNCTION = timestamptz_ne_timestamp, LEFTARG = timestamptz, RIGHTARG = timestamp, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);

-- interval

CREATE OPERATOR pg_catalog.= (OID = 1330, FUNCTION = interval_eq, LEFTARG = interval, RIGHTARG = interval, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1331, FUNCTION = interval_ne, LEFTARG = interval, RIGHTARG = interval, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1332, FUNCTION = interval_lt, LEFTARG = interval, RIGHTARG = interval, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1333, FUNCTION = interval_le, LEFTARG = interval, RIGHTARG = interval, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1334, FUNCTION = interval_gt, LEFTARG = interval, RIGHTARG = interval, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1335, FUNCTION = interval_ge, LEFTARG = interval, RIGHTARG = interval, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.- (OID = 1336, FUNCTION = interval_um, RIGHTARG = interval);
CREATE OPERATOR pg_catalog.+ (OID = 1337, FUNCTION = interval_pl, LEFTARG = interval, RIGHTARG = interval, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 1338, FUNCTION = interval_mi, LEFTARG = interval, RIGHTARG = interval);
CREATE OPERATOR pg_catalog.* (OID = 1583, FUNCTION = interval_mul, LEFTARG = interval, RIGHTARG = float8, COMMUTATOR = *);
CREATE OPERATOR pg_catalog./ (OID = 1585, FUNCTION = interval_div, LEFTARG = interval, RIGHTARG = float8);
CREATE OPERATOR pg_catalog.+ (OID = 1849, FUNCTION = interval_pl_time, LEFTARG = interval, RIGHTARG = time, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.+ (OID = 2551, FUNCTION = interval_pl_date, LEFTARG = interval, RIGHTARG = date, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.+ (OID = 2552, FUNCTION = interval_pl_timetz, LEFTARG = interval, RIGHTARG = timetz, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.+ (OID = 2553, FUNCTION = interval_pl_timestamp, LEFTARG = interval, RIGHTARG = timestamp, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.+ (OID = 2554, FUNCTION = interval_pl_timestamptz, LEFTARG = interval, RIGHTARG = timestamptz, COMMUTATOR = +);

-- uuid

CREATE OPERATOR pg_catalog.= (OID = 2972, FUNCTION = uuid_eq, LEFTARG = uuid, RIGHTARG = uuid, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 2973, FUNCTION = uuid_ne, LEFTARG = uuid, RIGHTARG = uuid, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 2974, FUNCTION = uuid_lt, LEFTARG = uuid, RIGHTARG = uuid, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 2975, FUNCTION = uuid_gt, LEFTARG = uuid, RIGHTARG = uuid, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 2976, FUNCTION = uuid_le, LEFTARG = uuid, RIGHTARG = uuid, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 2977, FUNCTION = uuid_ge, LEFTARG = uuid, RIGHTARG = uuid, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);

-- json

CREATE OPERATOR pg_catalog.-> (OID = 3962, FUNCTION = json_object_field, LEFTARG = json, RIGHTARG = text);
CREATE OPERATOR pg_catalog.->> (OID = 3963, FUNCTION = json_object_field_text, LEFTARG = json, RIGHTARG = text);
CREATE OPERATOR pg_catalog.-> (OID = 3964, FUNCTION = json_array_element, LEFTARG = json, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.->> (OID = 3965, FUNCTION = json_array_element_text, LEFTARG = json, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.#> (OID = 3966, FUNCTION = json_extract_path, LEFTARG = json, RIGHTARG = text[]);
CREATE OPERATOR pg_catalog.#>> (OID = 3967, FUNCTION = json_extract_path_text, LEFTARG = json, RIGHTARG = text[]);

-- jsonb

CREATE OPERATOR pg_catalog.#>> (OID = 3206, FUNCTION = jsonb_extract_path_text, LEFTARG = jsonb, RIGHTARG = text[]);
CREATE OPERATOR pg_catalog.-> (OID = 3211, FUNCTION = jsonb_object_field, LEFTARG = jsonb, RIGHTARG = text);
CREATE OPERATOR pg_catalog.-> (OID = 3212, FUNCTION = jsonb_array_element, LEFTARG = jsonb, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.#> (OID = 3213, FUNCTION = jsonb_extract_path, LEFTARG = jsonb, RIGHTARG = text[]);
CREATE OPERATOR pg_catalog.= (OID = 3240, FUNCTION = jsonb_eq, LEFTARG = jsonb, RIGHTARG = jsonb, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 3241, FUNCTION = jsonb_ne, LEFTARG = jsonb, RIGHTARG = jsonb, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 3242, FUNCTION = jsonb_lt, LEFTARG = jsonb, RIGHTARG = jsonb, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 3243, FUNCTION = jsonb_gt, LEFTARG = jsonb, RIGHTARG = jsonb, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 3244, FUNCTION = jsonb_le, LEFTARG = jsonb, RIGHTARG = jsonb, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 3245, FUNCTION = jsonb_ge, LEFTARG = jsonb, RIGHTARG = jsonb, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.@> (OID = 3246, FUNCTION = jsonb_contains, LEFTARG = jsonb, RIGHTARG = jsonb, COMMUTATOR = <@, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR pg_catalog.? (OID = 3247, FUNCTION = jsonb_exists, LEFTARG = jsonb, RIGHTARG = text, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR pg_catalog.?| (OID = 3248, FUNCTION = jsonb_exists_any, LEFTARG = jsonb, RIGHTARG = text[], RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR pg_catalog.?& (OID = 3249, FUNCTION = jsonb_exists_all, LEFTARG = jsonb, RIGHTARG = text[], RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR pg_catalog.<@ (OID = 3250, FUNCTION = jsonb_contained, LEFTARG = jsonb, RIGHTARG = jsonb, COMMUTATOR = @>, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR pg_catalog.|| (OID = 3284, FUNCTION = jsonb_concat, LEFTARG = jsonb, RIGHTARG = jsonb);
CREATE OPERATOR pg_catalog.- (OID = 3285, FUNCTION = jsonb_delete, LEFTARG = jsonb, RIGHTARG = text);
CREATE OPERATOR pg_catalog.- (OID = 3286, FUNCTION = jsonb_delete, LEFTARG = jsonb, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.#- (OID = 3287, FUNCTION = jsonb_delete_path, LEFTARG = jsonb, RIGHTARG = text[]);
CREATE OPERATOR pg_catalog.- (OID = 3398, FUNCTION = jsonb_delete, LEFTARG = jsonb, RIGHTARG = text[]);
CREATE OPERATOR pg_catalog.->> (OID = 3477, FUNCTION = jsonb_object_field_text, LEFTARG = jsonb, RIGHTARG = text);
CREATE OPERATOR pg_catalog.->> (OID = 3481, FUNCTION = jsonb_array_element_text, LEFTARG = jsonb, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.@? (OID = 4012, FUNCTION = jsonb_path_exists_opr, LEFTARG = jsonb, RIGHTARG = jsonpath, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR pg_catalog.@@ (OID = 4013, FUNCTION = jsonb_path_match_opr, LEFTARG = jsonb, RIGHTARG = jsonpath, RESTRICT = matchingsel, JOIN = matchingjoinsel);

-- arrays

CREATE OPERATOR pg_catalog.|| (OID = 349, FUNCTION = array_append, LEFTARG = anycompatiblearray, RIGHTARG = anycompatible);
CREATE OPERATOR pg_catalog.|| (OID = 375, FUNCTION = array_cat, LEFTARG = anycompatiblearray, RIGHTARG = anycompatiblearray);
CREATE OPERATOR pg_catalog.+ (OID = 966, FUNCTION = aclinsert, LEFTARG = aclitem[], RIGHTARG = aclitem);
CREATE OPERATOR pg_catalog.- (OID = 967, FUNCTION = aclremove, LEFTARG = aclitem[], RIGHTARG = aclitem);
CREATE OPERATOR pg_catalog.@> (OID = 968, FUNCTION = aclcontains, LEFTARG = aclitem[], RIGHTARG = aclitem);
CREATE OPERATOR pg_catalog.= (OID = 1070, FUNCTION = array_eq, LEFTARG = anyarray, RIGHTARG = anyarray, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1071, FUNCTION = array_ne, LEFTARG = anyarray, RIGHTARG = anyarray, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1072, FUNCTION = array_lt, LEFTARG = anyarray, RIGHTARG = anyarray, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1073, FUNCTION = array_gt, LEFTARG = anyarray, RIGHTARG = anyarray, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1074, FUNCTION = array_le, LEFTARG = anyarray, RIGHTARG = anyarray, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1075, FUNCTION = array_ge, LEFTARG = anyarray, RIGHTARG = anyarray, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.&& (OID = 2750, FUNCTION = arrayoverlap, LEFTARG = anyarray, RIGHTARG = anyarray, COMMUTATOR = &&, RESTRICT = arraycontsel, JOIN = arraycontjoinsel);
CREATE OPERATOR pg_catalog.@> (OID = 2751, FUNCTION = arraycontains, LEFTARG = anyarray, RIGHTARG = anyarray, COMMUTATOR = <@, RESTRICT = arraycontsel, JOIN = arraycontjoinsel);
CREATE OPERATOR pg_catalog.<@ (OID = 2752, FUNCTION = arraycontained, LEFTARG = anyarray, RIGHTARG = anyarray, COMMUTATOR = @>, RESTRICT = arraycontsel, JOIN = arraycontjoinsel);

-- polymorphic functions

CREATE OPERATOR pg_catalog.|| (OID = 374, FUNCTION = array_prepend, LEFTARG = anycompatible, RIGHTARG = anycompatiblearray);
CREATE OPERATOR pg_catalog.|| (OID = 2780, FUNCTION = anytextcat, LEFTARG = anynonarray, RIGHTARG = text);
CREATE OPERATOR pg_catalog.= (OID = 2860, FUNCTION = multirange_eq, LEFTARG = anymultirange, RIGHTARG = anymultirange, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 2861, FUNCTION = multirange_ne, LEFTARG = anymultirange, RIGHTARG = anymultirange, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 2862, FUNCTION = multirange_lt, LEFTARG = anymultirange, RIGHTARG = anymultirange, COMMUTATOR = >, NEGATOR = >=, RESTRICT = multirangesel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 2863, FUNCTION = multirange_le, LEFTARG = anymultirange, RIGHTARG = anymultirange, COMMUTATOR = >=, NEGATOR = >, RESTRICT = multirangesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 2864, FUNCTION = multirange_ge, LEFTARG = anymultirange, RIGHTARG = anymultirange, COMMUTATOR = <=, NEGATOR = <, RESTRICT = multirangesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 2865, FUNCTION = multirange_gt, LEFTARG = anymultirange, RIGHTARG = anymultirange, COMMUTATOR = <, NEGATOR = <=, RESTRICT = multirangesel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.&& (OID = 2866, FUNCTION = range_overlaps_multirange, LEFTARG = anyrange, RIGHTARG = anymultirange, COMMUTATOR = &&, RESTRICT = multirangesel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.&& (OID = 2867, FUNCTION = multirange_overlaps_range, LEFTARG = anymultirange, RIGHTARG = anyrange, COMMUTATOR = &&, RESTRICT = multirangesel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.&& (OID = 2868, FUNCTION = multirange_overlaps_multirange, LEFTARG = anymultirange, RIGHTARG = anymultirange, COMMUTATOR = &&, RESTRICT = multirangesel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.@> (OID = 2869, FUNCTION = multirange_contains_elem, LEFTARG = anymultirange, RIGHTARG = anyelement, COMMUTATOR = <@, RESTRICT = multirangesel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.@> (OID = 2870, FUNCTION = multirange_contains_range, LEFTARG = anymultirange, RIGHTARG = anyrange, COMMUTATOR = <@, RESTRICT = multirangesel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.@> (OID = 2871, FUNCTION = multirange_contains_multirange, LEFTARG = anymultirange, RIGHTARG = anymultirange, COMMUTATOR = <@, RESTRICT = multirangesel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.<@ (OID = 2872, FUNCTION = elem_contained_by_multirange, LEFTARG = anyelement, RIGHTARG = anymultirange, COMMUTATOR = @>, RESTRICT = multirangesel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.<@ (OID = 2873, FUNCTION = range_contained_by_multirange, LEFTARG = anyrange, RIGHTARG = anymultirange, COMMUTATOR = @>, RESTRICT = multirangesel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.<@ (OID = 2874, FUNCTION = multirange_contained_by_multirange, LEFTARG = anymultirange, RIGHTARG = anymultirange, COMMUTATOR = @>, RESTRICT = multirangesel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.&< (OID = 2875, FUNCTION = range_overleft_multirange, LEFTARG = anyrange, RIGHTARG = anymultirange, RESTRICT = multirangesel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.&< (OID = 2876, FUNCTION = multirange_overleft_range, LEFTARG = anymultirange, RIGHTARG = anyrange, RESTRICT = multirangesel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.&< (OID = 2877, FUNCTION = multirange_overleft_multirange, LEFTARG = anymultirange, RIGHTARG = anymultirange, RESTRICT = multirangesel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.= (OID = 3516, FUNCTION = enum_eq, LEFTARG = anyenum, RIGHTARG = anyenum, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 3517, FUNCTION = enum_ne, LEFTARG = anyenum, RIGHTARG = anyenum, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 3518, FUNCTION = enum_lt, LEFTARG = anyenum, RIGHTARG = anyenum, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 3519, FUNCTION = enum_gt, LEFTARG = anyenum, RIGHTARG = anyenum, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 3520, FUNCTION = enum_le, LEFTARG = anyenum, RIGHTARG = anyenum, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 3521, FUNCTION = enum_ge, LEFTARG = anyenum, RIGHTARG = anyenum, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.&> (OID = 3585, FUNCTION = range_overright_multirange, LEFTARG = anyrange, RIGHTARG = anymultirange, RESTRICT = multirangesel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.= (OID = 3882, FUNCTION = range_eq, LEFTARG = anyrange, RIGHTARG = anyrange, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 3883, FUNCTION = range_ne, LEFTARG = anyrange, RIGHTARG = anyrange, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 3884, FUNCTION = range_lt, LEFTARG = anyrange, RIGHTARG = anyrange, COMMUTATOR = >, NEGATOR = >=, RESTRICT = rangesel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 3885, FUNCTION = range_le, LEFTARG = anyrange, RIGHTARG = anyrange, COMMUTATOR = >=, NEGATOR = >, RESTRICT = rangesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 3886, FUNCTION = range_ge, LEFTARG = anyrange, RIGHTARG = anyrange, COMMUTATOR = <=, NEGATOR = <, RESTRICT = rangesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 3887, FUNCTION = range_gt, LEFTARG = anyrange, RIGHTARG = anyrange, COMMUTATOR = <, NEGATOR = <=, RESTRICT = rangesel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.&& (OID = 3888, FUNCTION = range_overlaps, LEFTARG = anyrange, RIGHTARG = anyrange, COMMUTATOR = &&, RESTRICT = rangesel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.@> (OID = 3889, FUNCTION = range_contains_elem, LEFTARG = anyrange, RIGHTARG = anyelement, COMMUTATOR = <@, RESTRICT = rangesel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.@> (OID = 3890, FUNCTION = range_contains, LEFTARG = anyrange, RIGHTARG = anyrange, COMMUTATOR = <@, RESTRICT = rangesel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.<@ (OID = 3891, FUNCTION = elem_contained_by_range, LEFTARG = anyelement, RIGHTARG = anyrange, COMMUTATOR = @>, RESTRICT = rangesel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.<@ (OID = 3892, FUNCTION = range_contained_by, LEFTARG = anyrange, RIGHTARG = anyrange, COMMUTATOR = @>, RESTRICT = rangesel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.<< (OID = 3893, FUNCTION = range_before, LEFTARG = anyrange, RIGHTARG = anyrange, COMMUTATOR = >>, RESTRICT = rangesel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.>> (OID = 3894, FUNCTION = range_after, LEFTARG = anyrange, RIGHTARG = anyrange, COMMUTATOR = <<, RESTRICT = rangesel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.&< (OID = 3895, FUNCTION = range_overleft, LEFTARG = anyrange, RIGHTARG = anyrange, RESTRICT = rangesel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.&> (OID = 3896, FUNCTION = range_overright, LEFTARG = anyrange, RIGHTARG = anyrange, RESTRICT = rangesel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.-|- (OID = 3897, FUNCTION = range_adjacent, LEFTARG = anyrange, RIGHTARG = anyrange, COMMUTATOR = -|-, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR pg_catalog.+ (OID = 3898, FUNCTION = range_union, LEFTARG = anyrange, RIGHTARG = anyrange, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 3899, FUNCTION = range_minus, LEFTARG = anyrange, RIGHTARG = anyrange);
CREATE OPERATOR pg_catalog.* (OID = 3900, FUNCTION = range_intersect, LEFTARG = anyrange, RIGHTARG = anyrange, COMMUTATOR = *);
CREATE OPERATOR pg_catalog.&> (OID = 4035, FUNCTION = multirange_overright_range, LEFTARG = anymultirange, RIGHTARG = anyrange, RESTRICT = multirangesel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.&> (OID = 4142, FUNCTION = multirange_overright_multirange, LEFTARG = anymultirange, RIGHTARG = anymultirange, RESTRICT = multirangesel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.-|- (OID = 4179, FUNCTION = range_adjacent_multirange, LEFTARG = anyrange, RIGHTARG = anymultirange, COMMUTATOR = -|-, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR pg_catalog.-|- (OID = 4180, FUNCTION = multirange_adjacent_range, LEFTARG = anymultirange, RIGHTARG = anyrange, COMMUTATOR = -|-, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR pg_catalog.-|- (OID = 4198, FUNCTION = multirange_adjacent_multirange, LEFTARG = anymultirange, RIGHTARG = anymultirange, COMMUTATOR = -|-, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR pg_catalog.+ (OID = 4392, FUNCTION = multirange_union, LEFTARG = anymultirange, RIGHTARG = anymultirange, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 4393, FUNCTION = multirange_minus, LEFTARG = anymultirange, RIGHTARG = anymultirange);
CREATE OPERATOR pg_catalog.* (OID = 4394, FUNCTION = multirange_intersect, LEFTARG = anymultirange, RIGHTARG = anymultirange, COMMUTATOR = *);
CREATE OPERATOR pg_catalog.<< (OID = 4395, FUNCTION = range_before_multirange, LEFTARG = anyrange, RIGHTARG = anymultirange, COMMUTATOR = >>, RESTRICT = multirangesel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<< (OID = 4396, FUNCTION = multirange_before_range, LEFTARG = anymultirange, RIGHTARG = anyrange, COMMUTATOR = >>, RESTRICT = multirangesel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<< (OID = 4397, FUNCTION = multirange_before_multirange, LEFTARG = anymultirange, RIGHTARG = anymultirange, COMMUTATOR = >>, RESTRICT = multirangesel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.>> (OID = 4398, FUNCTION = range_after_multirange, LEFTARG = anyrange, RIGHTARG = anymultirange, COMMUTATOR = <<, RESTRICT = multirangesel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>> (OID = 4399, FUNCTION = multirange_after_range, LEFTARG = anymultirange, RIGHTARG = anyrange, COMMUTATOR = <<, RESTRICT = multirangesel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>> (OID = 4400, FUNCTION = multirange_after_multirange, LEFTARG = anymultirange, RIGHTARG = anymultirange, COMMUTATOR = <<, RESTRICT = multirangesel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.@> (OID = 4539, FUNCTION = range_contains_multirange, LEFTARG = anyrange, RIGHTARG = anymultirange, COMMUTATOR = <@, RESTRICT = multirangesel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.<@ (OID = 4540, FUNCTION = multirange_contained_by_range, LEFTARG = anymultirange, RIGHTARG = anyrange, COMMUTATOR = @>, RESTRICT = multirangesel, JOIN = contjoinsel);

-- aclitem

CREATE OPERATOR pg_catalog.= (OID = 974, FUNCTION = aclitemeq, LEFTARG = aclitem, RIGHTARG = aclitem, COMMUTATOR = =, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES);

-- bit

CREATE OPERATOR pg_catalog.= (OID = 1784, FUNCTION = biteq, LEFTARG = bit, RIGHTARG = bit, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1785, FUNCTION = bitne, LEFTARG = bit, RIGHTARG = bit, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1786, FUNCTION = bitlt, LEFTARG = bit, RIGHTARG = bit, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1787, FUNCTION = bitgt, LEFTARG = bit, RIGHTARG = bit, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1788, FUNCTION = bitle, LEFTARG = bit, RIGHTARG = bit, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1789, FUNCTION = bitge, LEFTARG = bit, RIGHTARG = bit, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.& (OID = 1791, FUNCTION = bitand, LEFTARG = bit, RIGHTARG = bit, COMMUTATOR = &);
CREATE OPERATOR pg_catalog.| (OID = 1792, FUNCTION = bitor, LEFTARG = bit, RIGHTARG = bit, COMMUTATOR = |);
CREATE OPERATOR pg_catalog.# (OID = 1793, FUNCTION = bitxor, LEFTARG = bit, RIGHTARG = bit, COMMUTATOR = #);
CREATE OPERATOR pg_catalog.~ (OID = 1794, FUNCTION = bitnot, RIGHTARG = bit);
CREATE OPERATOR pg_catalog.<< (OID = 1795, FUNCTION = bitshiftleft, LEFTARG = bit, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.>> (OID = 1796, FUNCTION = bitshiftright, LEFTARG = bit, RIGHTARG = int4);

-- box

CREATE OPERATOR pg_catalog.@> (OID = 433, FUNCTION = box_contain_pt, LEFTARG = box, RIGHTARG = point, COMMUTATOR = <@, RESTRICT = contsel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.<< (OID = 493, FUNCTION = box_left, LEFTARG = box, RIGHTARG = box, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.&< (OID = 494, FUNCTION = box_overleft, LEFTARG = box, RIGHTARG = box, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.&> (OID = 495, FUNCTION = box_overright, LEFTARG = box, RIGHTARG = box, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.>> (OID = 496, FUNCTION = box_right, LEFTARG = box, RIGHTARG = box, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.<@ (OID = 497, FUNCTION = box_contained, LEFTARG = box, RIGHTARG = box, COMMUTATOR = @>, RESTRICT = contsel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.@> (OID = 498, FUNCTION = box_contain, LEFTARG = box, RIGHTARG = box, COMMUTATOR = <@, RESTRICT = contsel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.~= (OID = 499, FUNCTION = box_same, LEFTARG = box, RIGHTARG = box, COMMUTATOR = ~=, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR pg_catalog.&& (OID = 500, FUNCTION = box_overlap, LEFTARG = box, RIGHTARG = box, COMMUTATOR = &&, RESTRICT = areasel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 501, FUNCTION = box_ge, LEFTARG = box, RIGHTARG = box, COMMUTATOR = <=, NEGATOR = <, RESTRICT = areasel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.> (OID = 502, FUNCTION = box_gt, LEFTARG = box, RIGHTARG = box, COMMUTATOR = <, NEGATOR = <=, RESTRICT = areasel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.= (OID = 503, FUNCTION = box_eq, LEFTARG = box, RIGHTARG = box, COMMUTATOR = =, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 504, FUNCTION = box_lt, LEFTARG = box, RIGHTARG = box, COMMUTATOR = >, NEGATOR = >=, RESTRICT = areasel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 505, FUNCTION = box_le, LEFTARG = box, RIGHTARG = box, COMMUTATOR = >=, NEGATOR = >, RESTRICT = areasel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.@@ (OID = 513, FUNCTION = box_center, RIGHTARG = box);
CREATE OPERATOR pg_catalog.<-> (OID = 606, FUNCTION = dist_bp, LEFTARG = box, RIGHTARG = point, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.<-> (OID = 706, FUNCTION = box_distance, LEFTARG = box, RIGHTARG = box, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.<-> (OID = 763, FUNCTION = dist_bs, LEFTARG = box, RIGHTARG = lseg, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.>^ (OID = 800, FUNCTION = box_above_eq, LEFTARG = box, RIGHTARG = box, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.<^ (OID = 801, FUNCTION = box_below_eq, LEFTARG = box, RIGHTARG = box, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.?# (OID = 802, FUNCTION = box_overlap, LEFTARG = box, RIGHTARG = box, RESTRICT = areasel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.# (OID = 803, FUNCTION = box_intersect, LEFTARG = box, RIGHTARG = box);
CREATE OPERATOR pg_catalog.+ (OID = 804, FUNCTION = box_add, LEFTARG = box, RIGHTARG = point);
CREATE OPERATOR pg_catalog.- (OID = 805, FUNCTION = box_sub, LEFTARG = box, RIGHTARG = point);
CREATE OPERATOR pg_catalog.* (OID = 806, FUNCTION = box_mul, LEFTARG = box, RIGHTARG = point);
CREATE OPERATOR pg_catalog./ (OID = 807, FUNCTION = box_div, LEFTARG = box, RIGHTARG = point);
CREATE OPERATOR pg_catalog.<<| (OID = 2570, FUNCTION = box_below, LEFTARG = box, RIGHTARG = box, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.&<| (OID = 2571, FUNCTION = box_overbelow, LEFTARG = box, RIGHTARG = box, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.|&> (OID = 2572, FUNCTION = box_overabove, LEFTARG = box, RIGHTARG = box, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.|>> (OID = 2573, FUNCTION = box_above, LEFTARG = box, RIGHTARG = box, RESTRICT = positionsel, JOIN = positionjoinsel);

-- circle

CREATE OPERATOR pg_catalog.@> (OID = 759, FUNCTION = circle_contain_pt, LEFTARG = circle, RIGHTARG = point, COMMUTATOR = <@, RESTRICT = contsel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.@@ (OID = 1420, FUNCTION = circle_center, RIGHTARG = circle);
CREATE OPERATOR pg_catalog.= (OID = 1500, FUNCTION = circle_eq, LEFTARG = circle, RIGHTARG = circle, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 1501, FUNCTION = circle_ne, LEFTARG = circle, RIGHTARG = circle, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1502, FUNCTION = circle_lt, LEFTARG = circle, RIGHTARG = circle, COMMUTATOR = >, NEGATOR = >=, RESTRICT = areasel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1503, FUNCTION = circle_gt, LEFTARG = circle, RIGHTARG = circle, COMMUTATOR = <, NEGATOR = <=, RESTRICT = areasel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1504, FUNCTION = circle_le, LEFTARG = circle, RIGHTARG = circle, COMMUTATOR = >=, NEGATOR = >, RESTRICT = areasel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1505, FUNCTION = circle_ge, LEFTARG = circle, RIGHTARG = circle, COMMUTATOR = <=, NEGATOR = <, RESTRICT = areasel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.<< (OID = 1506, FUNCTION = circle_left, LEFTARG = circle, RIGHTARG = circle, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.&< (OID = 1507, FUNCTION = circle_overleft, LEFTARG = circle, RIGHTARG = circle, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.&> (OID = 1508, FUNCTION = circle_overright, LEFTARG = circle, RIGHTARG = circle, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.>> (OID = 1509, FUNCTION = circle_right, LEFTARG = circle, RIGHTARG = circle, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.<@ (OID = 1510, FUNCTION = circle_contained, LEFTARG = circle, RIGHTARG = circle, COMMUTATOR = @>, RESTRICT = contsel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.@> (OID = 1511, FUNCTION = circle_contain, LEFTARG = circle, RIGHTARG = circle, COMMUTATOR = <@, RESTRICT = contsel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.~= (OID = 1512, FUNCTION = circle_same, LEFTARG = circle, RIGHTARG = circle, COMMUTATOR = ~=, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR pg_catalog.&& (OID = 1513, FUNCTION = circle_overlap, LEFTARG = circle, RIGHTARG = circle, COMMUTATOR = &&, RESTRICT = areasel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.|>> (OID = 1514, FUNCTION = circle_above, LEFTARG = circle, RIGHTARG = circle, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.<<| (OID = 1515, FUNCTION = circle_below, LEFTARG = circle, RIGHTARG = circle, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.+ (OID = 1516, FUNCTION = circle_add_pt, LEFTARG = circle, RIGHTARG = point);
CREATE OPERATOR pg_catalog.- (OID = 1517, FUNCTION = circle_sub_pt, LEFTARG = circle, RIGHTARG = point);
CREATE OPERATOR pg_catalog.* (OID = 1518, FUNCTION = circle_mul_pt, LEFTARG = circle, RIGHTARG = point);
CREATE OPERATOR pg_catalog./ (OID = 1519, FUNCTION = circle_div_pt, LEFTARG = circle, RIGHTARG = point);
CREATE OPERATOR pg_catalog.<-> (OID = 1520, FUNCTION = circle_distance, LEFTARG = circle, RIGHTARG = circle, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.<-> (OID = 1523, FUNCTION = dist_cpoly, LEFTARG = circle, RIGHTARG = polygon, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.&<| (OID = 2589, FUNCTION = circle_overbelow, LEFTARG = circle, RIGHTARG = circle, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.|&> (OID = 2590, FUNCTION = circle_overabove, LEFTARG = circle, RIGHTARG = circle, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.<-> (OID = 3291, FUNCTION = dist_cpoint, LEFTARG = circle, RIGHTARG = point, COMMUTATOR = <->);

-- inet

CREATE OPERATOR pg_catalog.<< (OID = 931, FUNCTION = network_sub, LEFTARG = inet, RIGHTARG = inet, COMMUTATOR = >>, RESTRICT = networksel, JOIN = networkjoinsel);
CREATE OPERATOR pg_catalog.<<= (OID = 932, FUNCTION = network_subeq, LEFTARG = inet, RIGHTARG = inet, COMMUTATOR = >>=, RESTRICT = networksel, JOIN = networkjoinsel);
CREATE OPERATOR pg_catalog.>> (OID = 933, FUNCTION = network_sup, LEFTARG = inet, RIGHTARG = inet, COMMUTATOR = <<, RESTRICT = networksel, JOIN = networkjoinsel);
CREATE OPERATOR pg_catalog.>>= (OID = 934, FUNCTION = network_supeq, LEFTARG = inet, RIGHTARG = inet, COMMUTATOR = <<=, RESTRICT = networksel, JOIN = networkjoinsel);
CREATE OPERATOR pg_catalog.= (OID = 1201, FUNCTION = network_eq, LEFTARG = inet, RIGHTARG = inet, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1202, FUNCTION = network_ne, LEFTARG = inet, RIGHTARG = inet, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1203, FUNCTION = network_lt, LEFTARG = inet, RIGHTARG = inet, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1204, FUNCTION = network_le, LEFTARG = inet, RIGHTARG = inet, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1205, FUNCTION = network_gt, LEFTARG = inet, RIGHTARG = inet, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1206, FUNCTION = network_ge, LEFTARG = inet, RIGHTARG = inet, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.~ (OID = 2634, FUNCTION = inetnot, RIGHTARG = inet);
CREATE OPERATOR pg_catalog.& (OID = 2635, FUNCTION = inetand, LEFTARG = inet, RIGHTARG = inet);
CREATE OPERATOR pg_catalog.| (OID = 2636, FUNCTION = inetor, LEFTARG = inet, RIGHTARG = inet);
CREATE OPERATOR pg_catalog.+ (OID = 2637, FUNCTION = inetpl, LEFTARG = inet, RIGHTARG = int8, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 2639, FUNCTION = inetmi_int8, LEFTARG = inet, RIGHTARG = int8);
CREATE OPERATOR pg_catalog.- (OID = 2640, FUNCTION = inetmi, LEFTARG = inet, RIGHTARG = inet);
CREATE OPERATOR pg_catalog.&& (OID = 3552, FUNCTION = network_overlap, LEFTARG = inet, RIGHTARG = inet, COMMUTATOR = &&, RESTRICT = networksel, JOIN = networkjoinsel);

-- line

CREATE OPERATOR pg_catalog.<-> (OID = 708, FUNCTION = line_distance, LEFTARG = line, RIGHTARG = line, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.<-> (OID = 760, FUNCTION = dist_lp, LEFTARG = line, RIGHTARG = point, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.<-> (OID = 762, FUNCTION = dist_ls, LEFTARG = line, RIGHTARG = lseg, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.?# (OID = 1539, FUNCTION = inter_lb, LEFTARG = line, RIGHTARG = box);
CREATE OPERATOR pg_catalog.## (OID = 1577, FUNCTION = close_ls, LEFTARG = line, RIGHTARG = lseg);
CREATE OPERATOR pg_catalog.?# (OID = 1611, FUNCTION = line_intersect, LEFTARG = line, RIGHTARG = line, COMMUTATOR = ?#);
CREATE OPERATOR pg_catalog.?|| (OID = 1612, FUNCTION = line_parallel, LEFTARG = line, RIGHTARG = line, COMMUTATOR = ?||);
CREATE OPERATOR pg_catalog.?-| (OID = 1613, FUNCTION = line_perp, LEFTARG = line, RIGHTARG = line, COMMUTATOR = ?-|);
CREATE OPERATOR pg_catalog.?- (OID = 1614, FUNCTION = line_horizontal, RIGHTARG = line);
CREATE OPERATOR pg_catalog.?| (OID = 1615, FUNCTION = line_vertical, RIGHTARG = line);
CREATE OPERATOR pg_catalog.= (OID = 1616, FUNCTION = line_eq, LEFTARG = line, RIGHTARG = line, COMMUTATOR = =, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR pg_catalog.# (OID = 1617, FUNCTION = line_interpt, LEFTARG = line, RIGHTARG = line, COMMUTATOR = #);

-- lseg

CREATE OPERATOR pg_catalog.<-> (OID = 616, FUNCTION = dist_sl, LEFTARG = lseg, RIGHTARG = line, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.<-> (OID = 617, FUNCTION = dist_sb, LEFTARG = lseg, RIGHTARG = box, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.<-> (OID = 709, FUNCTION = lseg_distance, LEFTARG = lseg, RIGHTARG = lseg, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.<-> (OID = 761, FUNCTION = dist_sp, LEFTARG = lseg, RIGHTARG = point, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.@@ (OID = 969, FUNCTION = lseg_center, RIGHTARG = lseg);
CREATE OPERATOR pg_catalog.?# (OID = 1525, FUNCTION = lseg_intersect, LEFTARG = lseg, RIGHTARG = lseg, COMMUTATOR = ?#);
CREATE OPERATOR pg_catalog.?|| (OID = 1526, FUNCTION = lseg_parallel, LEFTARG = lseg, RIGHTARG = lseg, COMMUTATOR = ?||);
CREATE OPERATOR pg_catalog.?-| (OID = 1527, FUNCTION = lseg_perp, LEFTARG = lseg, RIGHTARG = lseg, COMMUTATOR = ?-|);
CREATE OPERATOR pg_catalog.?- (OID = 1528, FUNCTION = lseg_horizontal, RIGHTARG = lseg);
CREATE OPERATOR pg_catalog.?| (OID = 1529, FUNCTION = lseg_vertical, RIGHTARG = lseg);
CREATE OPERATOR pg_catalog.= (OID = 1535, FUNCTION = lseg_eq, LEFTARG = lseg, RIGHTARG = lseg, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR pg_catalog.# (OID = 1536, FUNCTION = lseg_interpt, LEFTARG = lseg, RIGHTARG = lseg, COMMUTATOR = #);
CREATE OPERATOR pg_catalog.?# (OID = 1537, FUNCTION = inter_sl, LEFTARG = lseg, RIGHTARG = line);
CREATE OPERATOR pg_catalog.?# (OID = 1538, FUNCTION = inter_sb, LEFTARG = lseg, RIGHTARG = box);
CREATE OPERATOR pg_catalog.<@ (OID = 1548, FUNCTION = on_sl, LEFTARG = lseg, RIGHTARG = line);
CREATE OPERATOR pg_catalog.<@ (OID = 1549, FUNCTION = on_sb, LEFTARG = lseg, RIGHTARG = box);
CREATE OPERATOR pg_catalog.## (OID = 1567, FUNCTION = close_sb, LEFTARG = lseg, RIGHTARG = box);
CREATE OPERATOR pg_catalog.## (OID = 1578, FUNCTION = close_lseg, LEFTARG = lseg, RIGHTARG = lseg);
CREATE OPERATOR pg_catalog.<> (OID = 1586, FUNCTION = lseg_ne, LEFTARG = lseg, RIGHTARG = lseg, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1587, FUNCTION = lseg_lt, LEFTARG = lseg, RIGHTARG = lseg, COMMUTATOR = >, NEGATOR = >=);
CREATE OPERATOR pg_catalog.<= (OID = 1588, FUNCTION = lseg_le, LEFTARG = lseg, RIGHTARG = lseg, COMMUTATOR = >=, NEGATOR = >);
CREATE OPERATOR pg_catalog.> (OID = 1589, FUNCTION = lseg_gt, LEFTARG = lseg, RIGHTARG = lseg, COMMUTATOR = <, NEGATOR = <=);
CREATE OPERATOR pg_catalog.>= (OID = 1590, FUNCTION = lseg_ge, LEFTARG = lseg, RIGHTARG = lseg, COMMUTATOR = <=, NEGATOR = <);
CREATE OPERATOR pg_catalog.@-@ (OID = 1591, FUNCTION = lseg_length, RIGHTARG = lseg);

-- macaddr

CREATE OPERATOR pg_catalog.= (OID = 1220, FUNCTION = macaddr_eq, LEFTARG = macaddr, RIGHTARG = macaddr, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1221, FUNCTION = macaddr_ne, LEFTARG = macaddr, RIGHTARG = macaddr, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1222, FUNCTION = macaddr_lt, LEFTARG = macaddr, RIGHTARG = macaddr, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1223, FUNCTION = macaddr_le, LEFTARG = macaddr, RIGHTARG = macaddr, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1224, FUNCTION = macaddr_gt, LEFTARG = macaddr, RIGHTARG = macaddr, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1225, FUNCTION = macaddr_ge, LEFTARG = macaddr, RIGHTARG = macaddr, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.~ (OID = 3147, FUNCTION = macaddr_not, RIGHTARG = macaddr);
CREATE OPERATOR pg_catalog.& (OID = 3148, FUNCTION = macaddr_and, LEFTARG = macaddr, RIGHTARG = macaddr);
CREATE OPERATOR pg_catalog.| (OID = 3149, FUNCTION = macaddr_or, LEFTARG = macaddr, RIGHTARG = macaddr);

-- macaddr8

CREATE OPERATOR pg_catalog.= (OID = 3362, FUNCTION = macaddr8_eq, LEFTARG = macaddr8, RIGHTARG = macaddr8, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 3363, FUNCTION = macaddr8_ne, LEFTARG = macaddr8, RIGHTARG = macaddr8, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 3364, FUNCTION = macaddr8_lt, LEFTARG = macaddr8, RIGHTARG = macaddr8, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 3365, FUNCTION = macaddr8_le, LEFTARG = macaddr8, RIGHTARG = macaddr8, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 3366, FUNCTION = macaddr8_gt, LEFTARG = macaddr8, RIGHTARG = macaddr8, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 3367, FUNCTION = macaddr8_ge, LEFTARG = macaddr8, RIGHTARG = macaddr8, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.~ (OID = 3368, FUNCTION = macaddr8_not, RIGHTARG = macaddr8);
CREATE OPERATOR pg_catalog.& (OID = 3369, FUNCTION = macaddr8_and, LEFTARG = macaddr8, RIGHTARG = macaddr8);
CREATE OPERATOR pg_catalog.| (OID = 3370, FUNCTION = macaddr8_or, LEFTARG = macaddr8, RIGHTARG = macaddr8);

-- money

CREATE OPERATOR pg_catalog.* (OID = 843, FUNCTION = cash_mul_flt4, LEFTARG = money, RIGHTARG = float4, COMMUTATOR = *);
CREATE OPERATOR pg_catalog./ (OID = 844, FUNCTION = cash_div_flt4, LEFTARG = money, RIGHTARG = float4);
CREATE OPERATOR pg_catalog.= (OID = 900, FUNCTION = cash_eq, LEFTARG = money, RIGHTARG = money, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 901, FUNCTION = cash_ne, LEFTARG = money, RIGHTARG = money, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 902, FUNCTION = cash_lt, LEFTARG = money, RIGHTARG = money, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 903, FUNCTION = cash_gt, LEFTARG = money, RIGHTARG = money, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 904, FUNCTION = cash_le, LEFTARG = money, RIGHTARG = money, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 905, FUNCTION = cash_ge, LEFTARG = money, RIGHTARG = money, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.+ (OID = 906, FUNCTION = cash_pl, LEFTARG = money, RIGHTARG = money, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 907, FUNCTION = cash_mi, LEFTARG = money, RIGHTARG = money);
CREATE OPERATOR pg_catalog.* (OID = 908, FUNCTION = cash_mul_flt8, LEFTARG = money, RIGHTARG = float8, COMMUTATOR = *);
CREATE OPERATOR pg_catalog./ (OID = 909, FUNCTION = cash_div_flt8, LEFTARG = money, RIGHTARG = float8);
CREATE OPERATOR pg_catalog.* (OID = 912, FUNCTION = cash_mul_int4, LEFTARG = money, RIGHTARG = int4, COMMUTATOR = *);
CREATE OPERATOR pg_catalog./ (OID = 913, FUNCTION = cash_div_int4, LEFTARG = money, RIGHTARG = int4);
CREATE OPERATOR pg_catalog.* (OID = 914, FUNCTION = cash_mul_int2, LEFTARG = money, RIGHTARG = int2, COMMUTATOR = *);
CREATE OPERATOR pg_catalog./ (OID = 915, FUNCTION = cash_div_int2, LEFTARG = money, RIGHTARG = int2);
CREATE OPERATOR pg_catalog.* (OID = 3346, FUNCTION = cash_mul_int8, LEFTARG = money, RIGHTARG = int8, COMMUTATOR = *);
CREATE OPERATOR pg_catalog./ (OID = 3347, FUNCTION = cash_div_int8, LEFTARG = money, RIGHTARG = int8);
CREATE OPERATOR pg_catalog./ (OID = 3825, FUNCTION = cash_div_cash, LEFTARG = money, RIGHTARG = money);

-- object identifiers

CREATE OPERATOR pg_catalog.= (OID = 352, FUNCTION = xideq, LEFTARG = xid, RIGHTARG = xid, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES);
CREATE OPERATOR pg_catalog.= (OID = 353, FUNCTION = xideqint4, LEFTARG = xid, RIGHTARG = int4, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR pg_catalog.= (OID = 385, FUNCTION = cideq, LEFTARG = cid, RIGHTARG = cid, COMMUTATOR = =, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES);
CREATE OPERATOR pg_catalog.= (OID = 387, FUNCTION = tideq, LEFTARG = tid, RIGHTARG = tid, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 402, FUNCTION = tidne, LEFTARG = tid, RIGHTARG = tid, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.= (OID = 607, FUNCTION = oideq, LEFTARG = oid, RIGHTARG = oid, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 608, FUNCTION = oidne, LEFTARG = oid, RIGHTARG = oid, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 609, FUNCTION = oidlt, LEFTARG = oid, RIGHTARG = oid, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 610, FUNCTION = oidgt, LEFTARG = oid, RIGHTARG = oid, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 611, FUNCTION = oidle, LEFTARG = oid, RIGHTARG = oid, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 612, FUNCTION = oidge, LEFTARG = oid, RIGHTARG = oid, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 644, FUNCTION = oidvectorne, LEFTARG = oidvector, RIGHTARG = oidvector, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 645, FUNCTION = oidvectorlt, LEFTARG = oidvector, RIGHTARG = oidvector, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 646, FUNCTION = oidvectorgt, LEFTARG = oidvector, RIGHTARG = oidvector, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 647, FUNCTION = oidvectorle, LEFTARG = oidvector, RIGHTARG = oidvector, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 648, FUNCTION = oidvectorge, LEFTARG = oidvector, RIGHTARG = oidvector, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.= (OID = 649, FUNCTION = oidvectoreq, LEFTARG = oidvector, RIGHTARG = oidvector, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.< (OID = 2799, FUNCTION = tidlt, LEFTARG = tid, RIGHTARG = tid, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 2800, FUNCTION = tidgt, LEFTARG = tid, RIGHTARG = tid, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 2801, FUNCTION = tidle, LEFTARG = tid, RIGHTARG = tid, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 2802, FUNCTION = tidge, LEFTARG = tid, RIGHTARG = tid, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.= (OID = 3222, FUNCTION = pg_lsn_eq, LEFTARG = pg_lsn, RIGHTARG = pg_lsn, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 3223, FUNCTION = pg_lsn_ne, LEFTARG = pg_lsn, RIGHTARG = pg_lsn, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 3224, FUNCTION = pg_lsn_lt, LEFTARG = pg_lsn, RIGHTARG = pg_lsn, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 3225, FUNCTION = pg_lsn_gt, LEFTARG = pg_lsn, RIGHTARG = pg_lsn, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 3226, FUNCTION = pg_lsn_le, LEFTARG = pg_lsn, RIGHTARG = pg_lsn, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 3227, FUNCTION = pg_lsn_ge, LEFTARG = pg_lsn, RIGHTARG = pg_lsn, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.- (OID = 3228, FUNCTION = pg_lsn_mi, LEFTARG = pg_lsn, RIGHTARG = pg_lsn);
CREATE OPERATOR pg_catalog.<> (OID = 3315, FUNCTION = xidneq, LEFTARG = xid, RIGHTARG = xid, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.<> (OID = 3316, FUNCTION = xidneqint4, LEFTARG = xid, RIGHTARG = int4, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.+ (OID = 5025, FUNCTION = pg_lsn_pli, LEFTARG = pg_lsn, RIGHTARG = numeric, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 5027, FUNCTION = pg_lsn_mii, LEFTARG = pg_lsn, RIGHTARG = numeric);
CREATE OPERATOR pg_catalog.= (OID = 5068, FUNCTION = xid8eq, LEFTARG = xid8, RIGHTARG = xid8, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 5072, FUNCTION = xid8ne, LEFTARG = xid8, RIGHTARG = xid8, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 5073, FUNCTION = xid8lt, LEFTARG = xid8, RIGHTARG = xid8, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 5074, FUNCTION = xid8gt, LEFTARG = xid8, RIGHTARG = xid8, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 5075, FUNCTION = xid8le, LEFTARG = xid8, RIGHTARG = xid8, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 5076, FUNCTION = xid8ge, LEFTARG = xid8, RIGHTARG = xid8, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);

-- path

CREATE OPERATOR pg_catalog.<-> (OID = 707, FUNCTION = path_distance, LEFTARG = path, RIGHTARG = path, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.+ (OID = 735, FUNCTION = path_add, LEFTARG = path, RIGHTARG = path, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.+ (OID = 736, FUNCTION = path_add_pt, LEFTARG = path, RIGHTARG = point);
CREATE OPERATOR pg_catalog.- (OID = 737, FUNCTION = path_sub_pt, LEFTARG = path, RIGHTARG = point);
CREATE OPERATOR pg_catalog.* (OID = 738, FUNCTION = path_mul_pt, LEFTARG = path, RIGHTARG = point);
CREATE OPERATOR pg_catalog./ (OID = 739, FUNCTION = path_div_pt, LEFTARG = path, RIGHTARG = point);
CREATE OPERATOR pg_catalog.@> (OID = 755, FUNCTION = path_contain_pt, LEFTARG = path, RIGHTARG = point, COMMUTATOR = <@);
CREATE OPERATOR pg_catalog.<-> (OID = 784, FUNCTION = dist_pathp, LEFTARG = path, RIGHTARG = point, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.= (OID = 792, FUNCTION = path_n_eq, LEFTARG = path, RIGHTARG = path, COMMUTATOR = =, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 793, FUNCTION = path_n_lt, LEFTARG = path, RIGHTARG = path, COMMUTATOR = >);
CREATE OPERATOR pg_catalog.> (OID = 794, FUNCTION = path_n_gt, LEFTARG = path, RIGHTARG = path, COMMUTATOR = <);
CREATE OPERATOR pg_catalog.<= (OID = 795, FUNCTION = path_n_le, LEFTARG = path, RIGHTARG = path, COMMUTATOR = >=);
CREATE OPERATOR pg_catalog.>= (OID = 796, FUNCTION = path_n_ge, LEFTARG = path, RIGHTARG = path, COMMUTATOR = <=);
CREATE OPERATOR pg_catalog.# (OID = 797, FUNCTION = path_npoints, RIGHTARG = path);
CREATE OPERATOR pg_catalog.?# (OID = 798, FUNCTION = path_inter, LEFTARG = path, RIGHTARG = path);
CREATE OPERATOR pg_catalog.@-@ (OID = 799, FUNCTION = path_length, RIGHTARG = path);

-- point

CREATE OPERATOR pg_catalog.>^ (OID = 506, FUNCTION = point_above, LEFTARG = point, RIGHTARG = point, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.<< (OID = 507, FUNCTION = point_left, LEFTARG = point, RIGHTARG = point, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.>> (OID = 508, FUNCTION = point_right, LEFTARG = point, RIGHTARG = point, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.<^ (OID = 509, FUNCTION = point_below, LEFTARG = point, RIGHTARG = point, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.~= (OID = 510, FUNCTION = point_eq, LEFTARG = point, RIGHTARG = point, COMMUTATOR = ~=, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR pg_catalog.<@ (OID = 511, FUNCTION = on_pb, LEFTARG = point, RIGHTARG = box, COMMUTATOR = @>, RESTRICT = contsel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.<@ (OID = 512, FUNCTION = on_ppath, LEFTARG = point, RIGHTARG = path, COMMUTATOR = @>);
CREATE OPERATOR pg_catalog.<-> (OID = 517, FUNCTION = point_distance, LEFTARG = point, RIGHTARG = point, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.<-> (OID = 613, FUNCTION = dist_pl, LEFTARG = point, RIGHTARG = line, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.<-> (OID = 614, FUNCTION = dist_ps, LEFTARG = point, RIGHTARG = lseg, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.<-> (OID = 615, FUNCTION = dist_pb, LEFTARG = point, RIGHTARG = box, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.<-> (OID = 618, FUNCTION = dist_ppath, LEFTARG = point, RIGHTARG = path, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.<> (OID = 713, FUNCTION = point_ne, LEFTARG = point, RIGHTARG = point, COMMUTATOR = <>, NEGATOR = ~=, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.+ (OID = 731, FUNCTION = point_add, LEFTARG = point, RIGHTARG = point, COMMUTATOR = +);
CREATE OPERATOR pg_catalog.- (OID = 732, FUNCTION = point_sub, LEFTARG = point, RIGHTARG = point);
CREATE OPERATOR pg_catalog.* (OID = 733, FUNCTION = point_mul, LEFTARG = point, RIGHTARG = point, COMMUTATOR = *);
CREATE OPERATOR pg_catalog./ (OID = 734, FUNCTION = point_div, LEFTARG = point, RIGHTARG = point);
CREATE OPERATOR pg_catalog.<@ (OID = 756, FUNCTION = pt_contained_poly, LEFTARG = point, RIGHTARG = polygon, COMMUTATOR = @>, RESTRICT = contsel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.<@ (OID = 758, FUNCTION = pt_contained_circle, LEFTARG = point, RIGHTARG = circle, COMMUTATOR = @>, RESTRICT = contsel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.?- (OID = 808, FUNCTION = point_horiz, LEFTARG = point, RIGHTARG = point, COMMUTATOR = ?-);
CREATE OPERATOR pg_catalog.?| (OID = 809, FUNCTION = point_vert, LEFTARG = point, RIGHTARG = point, COMMUTATOR = ?|);
CREATE OPERATOR pg_catalog.<-> (OID = 1522, FUNCTION = dist_pc, LEFTARG = point, RIGHTARG = circle, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.<@ (OID = 1546, FUNCTION = on_pl, LEFTARG = point, RIGHTARG = line);
CREATE OPERATOR pg_catalog.<@ (OID = 1547, FUNCTION = on_ps, LEFTARG = point, RIGHTARG = lseg);
CREATE OPERATOR pg_catalog.## (OID = 1557, FUNCTION = close_pl, LEFTARG = point, RIGHTARG = line);
CREATE OPERATOR pg_catalog.## (OID = 1558, FUNCTION = close_ps, LEFTARG = point, RIGHTARG = lseg);
CREATE OPERATOR pg_catalog.## (OID = 1559, FUNCTION = close_pb, LEFTARG = point, RIGHTARG = box);
CREATE OPERATOR pg_catalog.<-> (OID = 3276, FUNCTION = dist_ppoly, LEFTARG = point, RIGHTARG = polygon, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.|>> (OID = 4161, FUNCTION = point_above, LEFTARG = point, RIGHTARG = point, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.<<| (OID = 4162, FUNCTION = point_below, LEFTARG = point, RIGHTARG = point, RESTRICT = positionsel, JOIN = positionjoinsel);

-- polygon

CREATE OPERATOR pg_catalog.<< (OID = 485, FUNCTION = poly_left, LEFTARG = polygon, RIGHTARG = polygon, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.&< (OID = 486, FUNCTION = poly_overleft, LEFTARG = polygon, RIGHTARG = polygon, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.&> (OID = 487, FUNCTION = poly_overright, LEFTARG = polygon, RIGHTARG = polygon, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.>> (OID = 488, FUNCTION = poly_right, LEFTARG = polygon, RIGHTARG = polygon, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.<@ (OID = 489, FUNCTION = poly_contained, LEFTARG = polygon, RIGHTARG = polygon, COMMUTATOR = @>, RESTRICT = contsel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.@> (OID = 490, FUNCTION = poly_contain, LEFTARG = polygon, RIGHTARG = polygon, COMMUTATOR = <@, RESTRICT = contsel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.~= (OID = 491, FUNCTION = poly_same, LEFTARG = polygon, RIGHTARG = polygon, COMMUTATOR = ~=, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR pg_catalog.&& (OID = 492, FUNCTION = poly_overlap, LEFTARG = polygon, RIGHTARG = polygon, COMMUTATOR = &&, RESTRICT = areasel, JOIN = areajoinsel);
CREATE OPERATOR pg_catalog.<-> (OID = 712, FUNCTION = poly_distance, LEFTARG = polygon, RIGHTARG = polygon, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.@> (OID = 757, FUNCTION = poly_contain_pt, LEFTARG = polygon, RIGHTARG = point, COMMUTATOR = <@, RESTRICT = contsel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.@@ (OID = 971, FUNCTION = poly_center, RIGHTARG = polygon);
CREATE OPERATOR pg_catalog.<-> (OID = 1383, FUNCTION = dist_polyc, LEFTARG = polygon, RIGHTARG = circle, COMMUTATOR = <->);
CREATE OPERATOR pg_catalog.# (OID = 1521, FUNCTION = poly_npoints, RIGHTARG = polygon);
CREATE OPERATOR pg_catalog.<<| (OID = 2574, FUNCTION = poly_below, LEFTARG = polygon, RIGHTARG = polygon, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.&<| (OID = 2575, FUNCTION = poly_overbelow, LEFTARG = polygon, RIGHTARG = polygon, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.|&> (OID = 2576, FUNCTION = poly_overabove, LEFTARG = polygon, RIGHTARG = polygon, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.|>> (OID = 2577, FUNCTION = poly_above, LEFTARG = polygon, RIGHTARG = polygon, RESTRICT = positionsel, JOIN = positionjoinsel);
CREATE OPERATOR pg_catalog.<-> (OID = 3289, FUNCTION = dist_polyp, LEFTARG = polygon, RIGHTARG = point, COMMUTATOR = <->);

-- record

CREATE OPERATOR pg_catalog.= (OID = 2988, FUNCTION = record_eq, LEFTARG = record, RIGHTARG = record, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 2989, FUNCTION = record_ne, LEFTARG = record, RIGHTARG = record, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 2990, FUNCTION = record_lt, LEFTARG = record, RIGHTARG = record, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 2991, FUNCTION = record_gt, LEFTARG = record, RIGHTARG = record, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 2992, FUNCTION = record_le, LEFTARG = record, RIGHTARG = record, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 2993, FUNCTION = record_ge, LEFTARG = record, RIGHTARG = record, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.*= (OID = 3188, FUNCTION = record_image_eq, LEFTARG = record, RIGHTARG = record, COMMUTATOR = *=, NEGATOR = *<>, RESTRICT = eqsel, JOIN = eqjoinsel, MERGES);
CREATE OPERATOR pg_catalog.*<> (OID = 3189, FUNCTION = record_image_ne, LEFTARG = record, RIGHTARG = record, COMMUTATOR = *<>, NEGATOR = *=, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.*< (OID = 3190, FUNCTION = record_image_lt, LEFTARG = record, RIGHTARG = record, COMMUTATOR = *>, NEGATOR = *>=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.*> (OID = 3191, FUNCTION = record_image_gt, LEFTARG = record, RIGHTARG = record, COMMUTATOR = *<, NEGATOR = *<=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.*<= (OID = 3192, FUNCTION = record_image_le, LEFTARG = record, RIGHTARG = record, COMMUTATOR = *>=, NEGATOR = *>, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.*>= (OID = 3193, FUNCTION = record_image_ge, LEFTARG = record, RIGHTARG = record, COMMUTATOR = *<=, NEGATOR = *<, RESTRICT = scalargesel, JOIN = scalargejoinsel);

-- tsquery

CREATE OPERATOR pg_catalog.@@ (OID = 3637, FUNCTION = ts_match_qv, LEFTARG = tsquery, RIGHTARG = tsvector, COMMUTATOR = @@, RESTRICT = tsmatchsel, JOIN = tsmatchjoinsel);
CREATE OPERATOR pg_catalog.@@@ (OID = 3661, FUNCTION = ts_match_qv, LEFTARG = tsquery, RIGHTARG = tsvector, COMMUTATOR = @@@, RESTRICT = tsmatchsel, JOIN = tsmatchjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 3674, FUNCTION = tsquery_lt, LEFTARG = tsquery, RIGHTARG = tsquery, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 3675, FUNCTION = tsquery_le, LEFTARG = tsquery, RIGHTARG = tsquery, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.= (OID = 3676, FUNCTION = tsquery_eq, LEFTARG = tsquery, RIGHTARG = tsquery, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 3677, FUNCTION = tsquery_ne, LEFTARG = tsquery, RIGHTARG = tsquery, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 3678, FUNCTION = tsquery_ge, LEFTARG = tsquery, RIGHTARG = tsquery, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 3679, FUNCTION = tsquery_gt, LEFTARG = tsquery, RIGHTARG = tsquery, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.&& (OID = 3680, FUNCTION = tsquery_and, LEFTARG = tsquery, RIGHTARG = tsquery);
CREATE OPERATOR pg_catalog.|| (OID = 3681, FUNCTION = tsquery_or, LEFTARG = tsquery, RIGHTARG = tsquery);
CREATE OPERATOR pg_catalog.!! (OID = 3682, FUNCTION = tsquery_not, RIGHTARG = tsquery);
CREATE OPERATOR pg_catalog.@> (OID = 3693, FUNCTION = tsq_mcontains, LEFTARG = tsquery, RIGHTARG = tsquery, COMMUTATOR = <@, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR pg_catalog.<@ (OID = 3694, FUNCTION = tsq_mcontained, LEFTARG = tsquery, RIGHTARG = tsquery, COMMUTATOR = @>, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR pg_catalog.<-> (OID = 5005, FUNCTION = tsquery_phrase, LEFTARG = tsquery, RIGHTARG = tsquery);

-- tsvector

CREATE OPERATOR pg_catalog.< (OID = 3627, FUNCTION = tsvector_lt, LEFTARG = tsvector, RIGHTARG = tsvector, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 3628, FUNCTION = tsvector_le, LEFTARG = tsvector, RIGHTARG = tsvector, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.= (OID = 3629, FUNCTION = tsvector_eq, LEFTARG = tsvector, RIGHTARG = tsvector, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 3630, FUNCTION = tsvector_ne, LEFTARG = tsvector, RIGHTARG = tsvector, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 3631, FUNCTION = tsvector_ge, LEFTARG = tsvector, RIGHTARG = tsvector, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.> (OID = 3632, FUNCTION = tsvector_gt, LEFTARG = tsvector, RIGHTARG = tsvector, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.|| (OID = 3633, FUNCTION = tsvector_concat, LEFTARG = tsvector, RIGHTARG = tsvector);
CREATE OPERATOR pg_catalog.@@ (OID = 3636, FUNCTION = ts_match_vq, LEFTARG = tsvector, RIGHTARG = tsquery, COMMUTATOR = @@, RESTRICT = tsmatchsel, JOIN = tsmatchjoinsel);
CREATE OPERATOR pg_catalog.@@@ (OID = 3660, FUNCTION = ts_match_vq, LEFTARG = tsvector, RIGHTARG = tsquery, COMMUTATOR = @@@, RESTRICT = tsmatchsel, JOIN = tsmatchjoinsel);

-- varbit

CREATE OPERATOR pg_catalog.|| (OID = 1797, FUNCTION = bitcat, LEFTARG = varbit, RIGHTARG = varbit);
CREATE OPERATOR pg_catalog.= (OID = 1804, FUNCTION = varbiteq, LEFTARG = varbit, RIGHTARG = varbit, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, MERGES);
CREATE OPERATOR pg_catalog.<> (OID = 1805, FUNCTION = varbitne, LEFTARG = varbit, RIGHTARG = varbit, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (OID = 1806, FUNCTION = varbitlt, LEFTARG = varbit, RIGHTARG = varbit, COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.> (OID = 1807, FUNCTION = varbitgt, LEFTARG = varbit, RIGHTARG = varbit, COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.<= (OID = 1808, FUNCTION = varbitle, LEFTARG = varbit, RIGHTARG = varbit, COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (OID = 1809, FUNCTION = varbitge, LEFTARG = varbit, RIGHTARG = varbit, COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);
