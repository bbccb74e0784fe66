const infinities = ['infinity', '-infinity'];
const floats = ['NaN', 'Infinity', '-Infinity', '-0', '0', '0.1'];
const ranges = (low: string, high: string) => ['empty', '(,)', `[${low},${high})`, `(,${high}]`, `[${low},)`];
const multiranges = (low: string, high: string) => ['{}', '{(,)}', `{[${low},${high})}`];

/** Built-in types with values at their edges, as SQL takes them. */
export const everyValue: Record<string, string[]> = {
  boolean: ['true', 'false'],
  smallint: ['-32768', '32767'],
  integer: ['-2147483648', '2147483647'],
  bigint: ['-9223372036854775808', '9223372036854775807'],
  numeric: [...floats, `-${'9'.repeat(200)}.${'1'.repeat(300)}`, '0.00', '1.10', `1${'0'.repeat(1000)}`],
  'numeric(5,-2)': ['9999900', '-100'],
  'numeric(3,5)': ['0.00999', '-0.00001'],
  real: [...floats, '1e-45', '3.4028235e38', '16777217'],
  'double precision': [...floats, '4.9e-324', '1.7976931348623157e308', '0.30000000000000004'],
  money: ['-92233720368547758.08', '92233720368547758.07', '0.01'],
  text: ['', '\\N', '\\.', 'a\tb\nc\\d\re\vf\fg\bh', 'ü€😀\u200d', ' ', 'NULL', '\u007f\u0001', '\r\n', '\\x41', "'"],
  'character varying(3)': ['😀😀😀', '', '\t\n\\'],
  'character(5)': ['', 'a', 'ü    '],
  '"char"': ['', 'a', '\\', '\t'],
  name: ['', 'ü'.repeat(31)],
  bytea: ['', '\\x00ff5c0a09', `\\x${'00'.repeat(3000)}`],
  date: [...infinities, '4713-01-01 BC', '5874897-12-31', '0001-12-31 BC', '2024-02-29'],
  time: ['00:00', '24:00:00', '23:59:59.999999'],
  'time(0)': ['12:34:56'],
  'time with time zone': ['24:00:00-15:59:59', '00:00+15:59:59', '12:00:00.000001+05:30'],
  timestamp: [...infinities, '4713-01-01 00:00:00 BC', '294276-12-31 23:59:59.999999', '0044-03-15 12:00 BC'],
  'timestamp with time zone': [...infinities, '4713-01-01 00:00:00+00 BC', '294276-12-31 23:59:59.999999+00'],
  interval: ['-178000000 years', '178000000 years', '1 year -2 mons +3 days -04:05:06.000007', '0', '-00:00:01'],
  'interval day to second(2)': ['3 days 04:05:06.78'],
  uuid: ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  inet: ['::/0', '192.168.0.1/24', '::ffff:1.2.3.4/128', '0.0.0.0'],
  cidr: ['::/0', '10.0.0.0/8', '2001:db8::/32'],
  macaddr: ['00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff'],
  macaddr8: ['ff:ff:ff:ff:ff:ff:ff:fe'],
  'bit(3)': ['000', '101'],
  'bit varying': ['', '1', '01'.repeat(500)],
  point: ['(NaN,Infinity)', '(-0,1e-300)'],
  line: ['{1,-1,0}', '{0,1,0.5}'],
  lseg: ['[(0,0),(1,1)]'],
  box: ['(1,1),(0,0)', '(Infinity,1),(-Infinity,0)'],
  path: ['[(0,0),(1,1)]', '((0,0),(1,1),(2,0))'],
  polygon: ['((0,0),(1,1),(2,0))'],
  circle: ['<(0,0),0>', '<(1,-1),Infinity>'],
  json: ['{"a": 1,  "a" : 2}', ' [1 ] ', '"\\u0000\\ud83d\\ude00"', 'null', '{"t\\tn\\n": "\\\\"}'],
  jsonb: ['{"a":{"b":[null,1e400,-0.0]}}', '""', 'null', '{"": {}}', '"tab\\t \\\\ \\" \\u0001"'],
  jsonpath: ['$."a b"[*] ? (@ > 1 && @.x like_regex "^a\\\\d")', 'strict $.**{2 to 5}'],
  xml: ['<a b="c">d</a>', 'a &amp; b', '', '<?xml version="1.0"?><a/>'],
  tsvector: ['', "'a':1A,16383 'it''s \\\\':2B", "'😀'"],
  tsquery: ['', "'a' & !( 'b' | 'c':*AB ) <-> 'd' <3> 'it''s'"],
  int4range: ranges('-2147483648', '2147483646'),
  int8range: ranges('1', '10'),
  numrange: ranges('-Infinity', '1.50'),
  daterange: ranges('-infinity', 'infinity'),
  tsrange: ranges('"2024-01-01 00:00:00"', 'infinity'),
  tstzrange: ranges('-infinity', '"2024-01-01 00:00:00+00"'),
  int4multirange: [...multiranges('1', '2'), '{[1,2),[5,)}'],
  nummultirange: multiranges('1.0', '2.00'),
  int8multirange: multiranges('-9223372036854775808', '9223372036854775806'),
  datemultirange: multiranges('2024-01-01', 'infinity'),
  tsmultirange: [
    ...multiranges('"2024-01-01 00:00:00"', 'infinity'),
    '{["0044-03-15 12:00:00 BC","0001-01-01 00:00:00")}',
  ],
  tstzmultirange: multiranges('"2024-01-01 00:00:00+00"', '"2025-01-01 00:00:00+00"'),
  'integer[]': ['{}', '[0:1]={1,2}', '{{1,2},{3,NULL}}', '[-2:-1][5:5]={{1},{2}}'],
  'text[]': ['{NULL,"NULL","","{","\\"","a,b"," ","\\\\","\t\n"}'],
  'jsonb[]': ['{"{\\"a\\": \\"b\\\\\\"c\\"}",NULL}'],
  'int4range[]': ['{empty,"[1,2)"}'],
  'box[]': ['{(1,1),(0,0);(2,2),(1,1)}'],
  oid: ['0', '4294967295'],
  regtype: ['integer', '"char"', 'double precision[]'],
  regproc: ['pg_catalog.now'],
  regprocedure: ['pg_catalog.abs(integer)'],
  regclass: ['pg_catalog.pg_class', 'kinds."of regclass"', '-'],
  regrole: ['pg_monitor', 'postgres', '-'],
  regcollation: ['pg_catalog."C"', 'pg_catalog."default"', '-'],
  regoper: ['pg_catalog.||/', '0'],
  regoperator: ['pg_catalog.+(integer,integer)', 'pg_catalog.-(NONE,numeric)', '0'],
  regdictionary: ['pg_catalog.simple', '-'],
  regnamespace: ['pg_catalog', 'app'],
  regconfig: ['pg_catalog.simple'],
  pg_lsn: ['0/0', 'FFFFFFFF/FFFFFFFF'],
  pg_snapshot: ['10:20:10,14,15'],
  txid_snapshot: ['10:20:10,14,15'],
  xid: ['0', '4294967295'],
  xid8: ['18446744073709551615'],
  cid: ['4294967295'],
  tid: ['(0,0)', '(4294967295,65535)'],
  refcursor: ['', 'a "b"'],
  int2vector: ['', '1 -2 3'],
  oidvector: ['', '1 4294967295'],
  aclitem: ['=r/postgres', 'postgres=arwdDxt*/postgres'],
};

const literal = (text: string) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

/** A table a type, in a schema of its own: its values and NULL. */
export const everyValueSql = `CREATE SCHEMA kinds;
${Object.entries(everyValue)
  .map(([type, values]) => {
    const table = `kinds."of ${type.replaceAll('"', '')}"`;
    const rows = values.map((value, index) => `(${index}, ${literal(value)})`).join(', ');
    return `CREATE TABLE ${table} (id int PRIMARY KEY, value ${type}); INSERT INTO ${table} VALUES ${rows}, (999, NULL);`;
  })
  .join('\n')}`;
