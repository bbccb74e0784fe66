import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import type { MaskingReport } from '../openapi/aliases.ts';
import type { Problem } from '../services/errors.ts';
import { kinds } from '../services/masking/kinds/index.ts';
import { planMasking } from '../services/masking/plan/plan.ts';
import { parsePolicy } from '../services/masking/policy/policy.ts';
import { warningsOf } from '../services/snapshots/capture/left-out.ts';
import { plannedInWords } from '../services/snapshots/report/column.ts';
import { leakOf } from '../services/snapshots/report/render/audit-words.ts';
import { maskingMarkdown } from '../services/snapshots/report/render/markdown.ts';
import { maskingPage } from '../services/snapshots/report/render/page.ts';
import { reportHash } from '../services/snapshots/report/render/summary.ts';
import { riskOf } from '../services/snapshots/report/risk.ts';
import { families } from '../services/snapshots/report/risk-table.ts';
import type { SourceAddress } from '../services/sources/address.ts';
import { tlsModeOf } from '../services/sources/tls.ts';
import { auditOf, counted, reportOf } from './support/masking-report.ts';

const keep = { keep: 'says nothing about anybody' };
const shown = (report: MaskingReport) => {
  const reported = { id: 'snap-1', project: 'shop', source: 'production', report };
  const { markup: page, policy } = maskingPage(reported);
  return { page, policy, markdown: maskingMarkdown(reported) };
};

describe('residual risk', () => {
  const levelsOf = (technique: string, rows: number, distinct: number | undefined, options = {}) => {
    const counts = distinct === undefined ? { nulls: counted(0, 0).nulls } : counted(0, distinct);
    const { singlingOut, linkability, inference } = riskOf({ technique, options }, rows, counts);
    return [singlingOut.level, linkability.level, inference.level].join(' ');
  };

  test('sequences are told in words: how many were shifted, which were kept and why', () => {
    const report = reportOf([{ name: 't', columns: { a: { mask: 'text' } } }], {
      sequences: [
        { name: 'shop.t_id_seq', treatment: 'shifted' },
        { name: 'shop.<b>', treatment: 'kept', reason: 'the importer expects it' },
        { name: 'shop.c', treatment: 'kept', reason: 'printed', owner: 'dana', until: '2999-12-31' },
      ],
    });
    const { page, markdown } = shown(report);
    const says =
      /1 of 3 sequences go on further than production’s.*(&lt;|\\?<)b(&gt;|>) \(the importer expects it\), shop\.c \(printed, dana, until 2999-12-31\)/;
    assert.match(page, says);
    assert.match(markdown, says);
    assert.ok(!page.includes('shop.<b>'));
  });

  test('every technique there is has been assessed', () => {
    assert.deepEqual(
      Object.keys(kinds).filter((kind) => !Object.hasOwn(families, kind)),
      [],
    );
    assert.equal(levelsOf('invented tomorrow', 100, 3), 'high high high');
    assert.equal(levelsOf('constructor', 100, 3), 'high high high');
  });

  test('it depends on the technique and on how many rows share a value', () => {
    assert.equal(levelsOf('keep', 1000, 1000), 'high high medium');
    assert.equal(levelsOf('keep', 1000, 100), 'medium medium medium');
    assert.equal(levelsOf('keep', 1000, 3), 'low low medium');
    assert.equal(levelsOf('email', 1000, 990), 'medium medium low');
    assert.equal(levelsOf('country', 1000, 2), 'low low high', 'a looked-up gender is no secret');
    assert.equal(levelsOf('email', 1000, undefined), levelsOf('email', 1000, 1000), 'what is not known is the worst');
    assert.equal(levelsOf('null', 1000, 0), 'none none none');
    assert.equal(levelsOf('date', 1000, 900, { per: 'snapshot' }), 'medium medium high');
  });

  test('what was generalised and came out as fine as it went in is not low', () => {
    const levelsFrom = (originals: number, rows: number, distinct: number) => {
      const told = { technique: 'generalise', distinctIn: { count: originals, exact: false } };
      const { singlingOut, linkability, inference } = riskOf(told, rows, counted(0, distinct));
      return [singlingOut.level, linkability.level, inference.level, singlingOut.why].join(' ');
    };
    assert.match(levelsFrom(900, 1000, 60), /^low medium medium several originals become one value$/);
    assert.match(levelsFrom(900, 1000, 600), /^high high medium nearly every row still has a value of its own/);
    assert.match(levelsFrom(102, 1000, 100), /^medium medium medium about as many .* nothing became coarser$/);
    assert.match(levelsFrom(3, 1000, 3), /^medium medium medium /);
    assert.match(levelsFrom(1, 1000, 1), /^low /, 'one value is nobody’s');
    assert.equal(levelsOf('generalise', 1000, 40), 'low medium medium', 'where originals were not counted');
    assert.equal(levelsOf('generalise', 1000, undefined), 'high high medium', 'what is not known is the worst');
    const audit = auditOf('shop.users', 'zip', { technique: 'generalise', distinctIn: 80 });
    const columns = { zip: { mask: 'generalise', prefix: 100 } };
    const counts = { zip: counted(0, 80) };
    const report = reportOf([{ name: 'users', rows: 1000, columns, counts }], { audit });
    assert.equal(report.tables[0]!.columns[0]!.risk!.singlingOut.level, 'medium');
  });

  test('where ANALYZE says that fewer came out than masking makes of so many, the larger number counts', () => {
    const columnOf = (rule: { mask: string }, estimate: number, originals: number, exact = false) => {
      const audit = auditOf('shop.users', 'c', { technique: rule.mask, distinctIn: originals });
      const counts = { c: counted(0, estimate, exact) };
      return reportOf([{ name: 'users', rows: 3000, columns: { c: rule }, counts }], { audit }).tables[0]!.columns[0]!;
    };
    const text = columnOf({ mask: 'text' }, 481, 1818);
    assert.deepEqual(text.distinctOut, { count: 1818, exact: false });
    assert.equal(text.risk!.singlingOut.level, 'medium');
    assert.deepEqual(columnOf({ mask: 'text' }, 481, 1818, true).distinctOut, { count: 481, exact: true }, 'counted');
    assert.deepEqual(columnOf({ mask: 'text' }, 2900, 1818).distinctOut, { count: 2900, exact: false });
    assert.equal(columnOf({ mask: 'text' }, 481, 3090).distinctOut!.count, 3000, 'no more than rows');
    const { count: countries } = columnOf({ mask: 'country' }, 100, 1818).distinctOut!;
    assert.ok(countries > 150 && countries < 400, `no more than there are countries, not ${countries}`);
    const coarser = { mask: 'generalise', prefix: 2 };
    assert.equal(columnOf(coarser, 60, 1818).distinctOut!.count, 60, 'what is made coarser is fewer by design');
  });

  test('of a unique column that is never NULL, it is known how many different originals there were', () => {
    const audit = auditOf('shop.users', 'id', { technique: 'token', distinctIn: 2930 });
    const counts = { id: { ...counted(0, 3000), unique: true as const } };
    const report = reportOf([{ name: 'users', rows: 3000, columns: { id: { mask: 'token' } }, counts }], { audit });
    assert.deepEqual(report.tables[0]!.columns[0]!.distinctIn, { count: 3000, exact: true });
  });

  test('how many fields a document has is not how many values it had', () => {
    const audit = auditOf('shop.users', 'doc', { technique: 'json: email' });
    const counts = { doc: counted(0, 9, false) };
    const report = reportOf([{ name: 'users', rows: 9, columns: { doc: { mask: 'json' } }, counts }], { audit });
    assert.equal(report.tables[0]!.columns[0]!.distinctIn, undefined);
  });

  test('a column without values has none', () => {
    const { inference } = riskOf({ technique: 'keep' }, 5, counted(5, 0));
    assert.deepEqual(inference, { level: 'none', why: 'the column holds no values' });
  });
});

describe('the report', () => {
  test('says of a column what was done, by which rule, and never a value that the policy puts in', () => {
    const fields = { 'a.b': 'email', value: { mask: 'constant', value: 's3cret' }, lang: { keep: 'two letters' } };
    const report = reportOf([
      {
        ...{ name: 'users', rows: 4, counts: { id: counted(0, 4) } },
        columns: {
          id: keep,
          hash: { mask: 'constant', value: 's3cret' },
          prefs: { mask: 'json', fields },
          full: undefined,
        },
      },
    ]);
    const [id, hash, prefs, full] = report.tables[0]!.columns;
    assert.equal(id!.reason, keep.keep);
    assert.equal(id!.rule, 'column');
    assert.deepEqual(id!.distinctIn, id!.distinctOut, 'kept values are the originals');
    assert.deepEqual(hash, { name: 'hash', type: 'text', technique: 'constant', rule: 'column' });
    assert.deepEqual(prefs!.keptParts![0], { path: 'lang', reason: 'two letters' });
    assert.deepEqual(Object.keys(prefs!.options!.fields as object), ['a.b', 'value', 'lang']);
    assert.equal(full!.technique, 'computed');
    const { page, markdown } = shown(report);
    for (const text of [JSON.stringify(report), page, markdown]) assert.ok(!text.includes('s3cret'));
    assert.match(page, /shop\.users\.prefs → lang/);
  });

  test('lists what documents keep because no rule is about it, on every form, and nested keeps by their paths', () => {
    const silent = (option: string) => `not masked by default: the rule says nothing of \`${option}\``;
    const inner = { mask: 'json', fields: { code: keep }, keys: 'email', booleans: 'null' };
    const doc = { mask: 'json', fields: { numbers: { keep: 'of parcels' }, raw: inner }, keys: keep, booleans: 'null' };
    const report = reportOf([{ name: 'users', columns: { doc, all: { mask: 'json' } } }]);
    const [one, all] = report.tables[0]!.columns;
    assert.deepEqual(one!.keptParts, [
      { path: 'numbers', reason: 'of parcels' },
      { path: 'raw.code', reason: keep.keep },
      { path: 'raw.other numbers', reason: silent('numbers') },
      { path: 'other keys', reason: keep.keep },
      { path: 'other numbers', reason: silent('numbers') },
    ]);
    assert.deepEqual(
      all!.keptParts!.map(({ path }) => path),
      ['other numbers', 'other keys', 'other booleans'],
    );
    const { page, markdown } = shown(report);
    assert.match(page, /shop\.users\.all → other booleans/);
    assert.match(markdown, /shop\.users\.all → other booleans/);
    assert.doesNotMatch(page, /Nothing: every column is masked/);
    const strict = { mask: 'json', numbers: 'number', keys: 'token', booleans: 'null' };
    assert.match(
      shown(reportOf([{ name: 'users', columns: { doc: strict } }])).page,
      /Nothing: every column is masked/,
    );
  });

  test('lists that an hstore keeps all its keys where any key has a rule for its value', () => {
    const place = { family: 'hstore' as const, type: 'hstore', unique: false };
    const partsOf = (fields: object) =>
      plannedInWords({ name: 'c', rule: { mask: 'hstore', fields }, by: 'column', place, isArray: false }).keptParts;
    assert.deepEqual(partsOf({ mail: 'email', lang: keep, '*': 'token' }), [
      { path: 'lang', reason: keep.keep },
      { path: 'other keys', reason: 'not masked: the rule for `*` is about values' },
    ]);
    assert.equal(partsOf({ mail: 'email' }), undefined, 'keys without a rule are masked');
  });

  test('says that a column’s own values are drawn, and none that the policy gives', () => {
    const place = { family: 'text' as const, type: 'text', unique: false };
    const told = (values: unknown) =>
      plannedInWords({ name: 'c', rule: { mask: 'randomise', values }, by: 'column', place, isArray: false });
    const risk = (values: unknown, distinct: number) =>
      riskOf(told(values), 1000, { nulls: { count: 0, exact: true }, distinct: { count: distinct, exact: true } });
    assert.deepEqual(told('own').options, { values: 'own' });
    assert.equal(told(['a', 'b']).options, undefined);
    assert.equal(risk('own', 900).singlingOut.level, 'high');
    assert.match(risk('own', 3).singlingOut.why, /every original is there/);
    assert.equal(risk(['a', 'b'], 900).singlingOut.level, 'low');
  });

  test('says for how much that is kept nobody answers', () => {
    const pageOf = (columns: object) => shown(reportOf([{ name: 'users', columns: columns as never }])).page;
    assert.match(pageOf({ id: keep, at: { ...keep, owner: 'Dana' } }), /nobody answers for 1 of them: name an owner/);
    assert.match(pageOf({ at: { ...keep, owner: 'Dana' } }), /each with a reason, and an owner/);
  });

  test('says masked and not anonymous, and that a result without an audit is not audited', () => {
    const report = reportOf([{ name: 'users', columns: { id: keep } }]);
    const { page, markdown } = shown(report);
    for (const text of [page, markdown]) {
      assert.match(text, /Masked, not anonymous: /);
      assert.match(text, /Not audited/);
      assert.doesNotMatch(text, /No original found/);
    }
    const audited = auditOf('shop.users', 'id');
    assert.equal(leakOf({ ...report, audit: audited }).state, 'clean');
    assert.equal(leakOf({ ...report, audit: { ...audited, hits: 1 as 0 } }).state, 'found');
    assert.equal(leakOf({ ...report, audit: { ...audited, hits: undefined as unknown as 0 } }).state, 'found');
  });

  test('what the audit found is shown, and how many different values went in is taken from it', () => {
    const why = 'comes from a dictionary';
    const audit = auditOf('shop.users', 'city', { judged: 'per-row', why, technique: 'city' });
    const report = reportOf([{ name: 'users', rows: 9, columns: { city: { mask: 'city' } } }], { audit });
    assert.deepEqual(report.tables[0]!.columns[0]!.distinctIn, { count: 8, exact: false });
    const { page, markdown } = shown(report);
    for (const text of [page, markdown]) {
      assert.match(text, /No original found/);
      assert.match(text, /70 originals, as hashes, were searched for in 900 values of 12 columns/);
      assert.match(text, /row by row: comes from a dictionary/);
      assert.match(text, /≈ 8/);
    }
  });

  test('what was taken for chance, and what is hardly masked, is told with its place', () => {
    const audit = auditOf('shop.users', 'national_id', {
      ...{ coincidences: 2, byChance: [{ where: 'shop.notes.body', originals: 2, atMost: 6 }] },
      warning: '9 of 9 values are what they were',
    });
    const columns = { national_id: { mask: 'national_id' } };
    const report = reportOf([{ name: 'users', rows: 9, columns }], { audit });
    assert.deepEqual(report.warnings, [{ where: 'shop.users.national_id', what: '9 of 9 values are what they were' }]);
    const { page, markdown } = shown(report);
    assert.match(page, /<td>shop.notes.body<td>shop.users.national_id<td class="number">2<td class="number">6<\/tr>/);
    assert.match(markdown, /\| shop.notes.body \| shop.users.national\\_id \| 2 \| 6 \|/);
    for (const text of [page, markdown.replaceAll('\\', '')]) {
      assert.match(text, /No original found beyond chance/);
      assert.match(text, /Of 1 column some stand where chance puts as many, 2 different ones at most of a column/);
      assert.match(
        text,
        /Masked values are drawn from the same words.*once in a million captures, and would have failed the snapshot/,
      );
      assert.match(text, /shop.users.national_id: 9 of 9 values are what they were/);
      assert.match(text, /searched everywhere; 9 of 9 values are what they were/);
    }
  });

  test('columns that hold the same people are not added up, and those without values were not searched for', () => {
    const one = auditOf('shop.users', 'email', { coincidences: 25 });
    const column = (more: object) => ({ ...one.columns[0]!, ...more });
    const perRow = { judged: 'per-row' as const, why: 'is short', coincidences: 0 };
    const columns = [
      ...[
        one.columns[0]!,
        column({ column: 'login', coincidences: 30 }),
        column({ column: 'alias', coincidences: 20 }),
      ],
      ...[
        column(perRow),
        column({ ...perRow, values: 0 }),
        column({ column: 'fax', values: 0, searched: 0, coincidences: 0 }),
      ],
    ];
    const { page, markdown } = shown(reportOf([], { audit: { ...one, columns } }));
    for (const text of [page, markdown]) {
      assert.match(text, /Of 3 columns some stand where chance puts as many, 30 different ones at most of a column/);
      assert.match(text, /Of 6 masked columns and kinds of fields, 3 were searched for in the whole result; 1, whose/);
      assert.match(text, /compared row by row; 2 had no values/);
      assert.match(text, /it had no values/);
    }
  });

  test('what it is about is in it and at the head of each form, beside its hash', () => {
    const of = { snapshot: 'snap-1', project: 'shop', source: 'production', requestedBy: 'ci', greenroom: '0.1.0' };
    const report = { ...reportOf([]), of };
    const { page, markdown } = shown(report);
    const short = reportHash(report).slice(0, 12);
    assert.match(page, /<dt>Snapshot<dd>snap-1.*<dt>Asked for by<dd>ci<dt>Captured by<dd>greenroom 0\.1\.0/s);
    assert.match(
      markdown,
      /\| Snapshot \| snap-1 \|.*\| Asked for by \| ci \|\n\| Captured by \| greenroom 0\.1\.0 \|/s,
    );
    for (const text of [page, markdown]) assert.ok(text.indexOf(short) < text.indexOf('Schema'), 'at its head');
    assert.match(shown(reportOf([])).page, /<dt>Asked for by<dd>not recorded/, 'of an earlier greenroom');
    assert.ok(page.includes(`@bottom-right { content: "snapshot snap-1, report ${short}, page " counter(page)`));
    const hostile = maskingPage({ id: '"}</style><script>', project: 'p', source: 's', report }).markup;
    assert.doesNotMatch(hostile, /<\/style><script>/);
  });

  test('of columns and of parts of values it says apart how many are kept', () => {
    const doc = { mask: 'json', fields: { n: keep } };
    const { page, markdown } = shown(reportOf([{ name: 'users', columns: { id: keep, name: { mask: 'text' }, doc } }]));
    assert.match(page, /<strong>1 of 3<\/strong>.*columns are kept as they are, and 4 parts of values/);
    assert.match(markdown, /\*\*1 of 3\*\* columns are kept as they are, and 4 parts of values/);
  });

  test('options are told in words', () => {
    const columns = {
      ...{ subject: { mask: 'text' }, body: { mask: 'text' } },
      doc: { mask: 'json', fields: { mail: { mask: 'email' } }, numbers: keep, keys: 'token' },
    };
    const report = reportOf([{ name: 'users', columns }]);
    report.tables[0]!.columns.push({ name: 'words', technique: 'rebuild', options: { columns: ['subject', 'body'] } });
    const { page, markdown } = shown(report);
    for (const text of [page, markdown]) {
      assert.match(text, /json: numbers keep, keys token, mail email/);
      assert.match(text, /rebuild: columns subject and body/);
      assert.doesNotMatch(text, /columns \[|{(&quot;|")keep/);
    }
  });

  test('what was left out is counted without an s too many, and warnings name their place first', () => {
    const { page, markdown } = shown(
      reportOf([], {
        leftOut: [{ what: 'publications', count: 1, why: 'they lead away' }],
        warnings: warningsOf({
          ...{ relations: [], unlogged: [], ofExtensions: [] },
          schemas: [
            { name: 'public', tables: 0, extension: false },
            { name: 'old', tables: 1, extension: false },
            { name: 'tools', tables: 3, extension: false },
          ],
        }),
      }),
    );
    for (const text of [page, markdown]) {
      assert.match(text, /publications \(1\): they lead away/);
      assert.match(text, /public: the schema is left out, and has no tables:/);
      assert.match(text, /old: the schema is left out, with its one table:/);
      assert.match(text, /tools: the schema is left out, with its 3 tables:/);
    }
  });

  test('what marks an estimate is said before the first of them', () => {
    const report = reportOf([
      { name: 'users', rows: 9, columns: { name: { mask: 'text' } }, counts: { name: counted(1, 8, false) } },
    ]);
    for (const text of Object.values(shown(report)).filter((form) => form.includes('≈ 8')))
      assert.ok(text.indexOf('≈ marks an estimate') < text.indexOf('≈ 8'));
  });

  test('an owner’s address in Markdown calls nobody and can be copied', () => {
    const kept = { keep: 'see dana@shop.example, or `x`@all|', owner: 'dana@shop.example' };
    const { markdown } = shown(reportOf([{ name: 'users', columns: { id: kept } }]));
    assert.ok(
      markdown.includes('| see `dana@shop.example`, or \\`x\\`@\u200ball\\| | `dana@shop.example` |'),
      markdown,
    );
  });

  test('names that hold markup, quotes and invisible characters stay names', () => {
    const hostile = '<script>alert(1)</script>"\'><img src=x onerror=alert(2)>`|[x](javascript:y)@all\u202egnp\n# h';
    const report = reportOf(
      [
        {
          name: hostile,
          rows: 3,
          columns: { [hostile]: { keep: hostile }, b: { mask: 'text' } },
          counts: { [hostile]: counted(0, 3) },
        },
      ],
      {
        warnings: [{ where: hostile, what: hostile }],
        leftOut: [{ what: hostile, count: 1, why: hostile }],
        groups: [{ table: hostile, columns: [hostile], rows: 3, groups: 3, smallest: 1, rowsInSmallGroups: 3 }],
      },
    );
    const { page, markdown } = shown({
      ...report,
      audit: auditOf(hostile, hostile, { judged: 'per-row', why: hostile, technique: hostile }),
    });
    assert.doesNotMatch(page, /<(script|img)/i);
    assert.doesNotMatch(page, /[\u202e]/);
    assert.match(page, /&lt;script&gt;alert\(1\)&lt;\/script&gt;.*\\u\{202e\}gnp\\u\{a\}# h/);
    assert.doesNotMatch(markdown, /<(script|img)|^# h|[\u202e]|@all|(?<!\\)\[x\]/m);
    let heads = 0;
    for (const row of markdown.split('\n').filter((line) => line.startsWith('|'))) {
      const cells = row.replaceAll('\\\\', '').replaceAll('\\|', '').split('|').length;
      if (/^\|(---\|)+$/.test(row)) assert.equal(cells, heads);
      else if (row.includes('script')) assert.equal(cells, heads, row);
      else heads = cells;
    }
  });

  test('says how the certificate was verified, by what the source’s URL and TLS ask for', () => {
    const modeOf = (query: string, tls?: SourceAddress['tls']) =>
      tlsModeOf({ url: `postgres://u:p@db.internal/shop${query}`, ...(tls ? { tls } : {}) });
    assert.equal(modeOf(''), 'disable');
    assert.equal(modeOf('?sslmode=no-verify'), 'require');
    assert.equal(modeOf('?sslmode=verify-full'), 'verify-full');
    assert.equal(modeOf('', { mode: 'require' }), 'require');
    assert.equal(modeOf('', { ca: 'one' }), 'verify-full');
    assert.equal(modeOf('', { ca: 'one', mode: 'verify-ca' }), 'verify-ca');
    // As libpq: with a CA, `require` verifies what it can.
    assert.equal(modeOf('', { ca: 'one', mode: 'require' }), 'verify-ca');
    assert.equal(modeOf('?sslmode=verify-full', { mode: 'disable' }), 'disable');
  });

  test('says through which SSH hosts the source was reached, and by which keys they were known', () => {
    const jump = { host: 'jump.example:22', user: 'hopper', hostKey: 'SHA256:bbb' };
    const ssh = { host: 'bastion.example:22', user: 'courier', hostKey: 'SHA256:aaa', jump };
    const { source } = reportOf([]);
    const { page } = shown(reportOf([], { source: { ...source, ssh } }));
    assert.match(
      page,
      /courier@bastion\.example:22, host key SHA256:aaa; through hopper@jump\.example:22, host key SHA256:bbb/,
    );
  });

  test('the page carries a policy that allows its own style and nothing else', () => {
    const { page, policy } = shown(reportOf([]));
    const [, style] = /<style>(.*)<\/style>/s.exec(page)!;
    const hash = createHash('sha256').update(style!).digest('base64');
    const own = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
    assert.equal(policy, `${own}; frame-ancestors 'none'`);
    assert.ok(page.includes(`content="${own}"`));
    assert.doesNotMatch(page, / style="| on\w+=|https?:/);
  });

  test('an empty snapshot, one of 1,600 columns, and one of an earlier greenroom', () => {
    const empty = shown(reportOf([]));
    assert.match(empty.page, /The snapshot has no tables/);
    assert.match(empty.markdown, /\*\*0 of 0\*\* columns are kept as they are; each/);

    const names = Array.from({ length: 1600 }, (_, n) => `column_${n}`);
    const columns = Object.fromEntries(names.map((name) => [name, { mask: 'text' }]));
    const wide = shown(
      reportOf([
        { name: 'wide', rows: 9, columns, counts: Object.fromEntries(names.map((name) => [name, counted(1, 8)])) },
      ]),
    );
    for (const name of names)
      assert.ok(
        wide.page.includes(`<td>${name}<td>`) && wide.markdown.includes(`| ${name.replace('_', '\\_')} |`),
        name,
      );
    assert.equal(wide.page.match(/length or shape/g)?.length, 1, 'what stands behind the levels is said once');

    const { meaning, locale, groups, leftOut, materializedViews, ...old } = reportOf([
      { name: 't', rows: 2, columns: { a: keep } },
    ]);
    const earlier = shown({
      ...old,
      tables: [{ name: 'shop.t', rows: 2, bytes: 4, columns: [{ name: 'a', technique: 'keep', reason: 'why' }] }],
    });
    assert.match(earlier.page, /<td>why<td>/);
    assert.match(earlier.markdown, /\| a \|/);
  });

  test('of many partitions one stands for all, and a column of theirs is one, at the worst that it has', () => {
    const partition = (n: number, distinct: number) => ({
      ...{ name: `visits_${n}`, rows: 100 + n, columns: { who: keep }, counts: { who: counted(0, distinct) } },
    });
    const report = reportOf([partition(1, 100), partition(2, 3), partition(3, 3)]);
    for (const table of report.tables) table.partitionOf = 'shop.visits';
    const { page, markdown } = shown(report);
    for (const text of [page, markdown.replaceAll('\\', '')]) {
      assert.match(text, /shop\.visits_3/);
      assert.match(text, /rules: shop\.visits_2 \(102 rows\), shop\.visits_1 \(101 rows\)/);
    }
    assert.match(page, />1 of 1 high</);
    assert.equal(page.match(/<td>shop\.visits\.who/g)!.length, 1, 'kept once');
  });

  test('its hash is that of its JSON, whatever the order of keys', () => {
    const report = reportOf([{ name: 'users', columns: { id: keep } }]);
    const reversed = Object.fromEntries(Object.entries(JSON.parse(JSON.stringify(report))).reverse()) as MaskingReport;
    assert.equal(reportHash(reversed), reportHash(report));
    assert.notEqual(reportHash({ ...report, keyId: 'another' }), reportHash(report));
    assert.ok(shown(report).page.includes(reportHash(report)));
  });
});

describe('quasi-identifiers in a policy', () => {
  const problemOf = (quasiIdentifiers: unknown) => {
    const column = { type: 'text', baseType: 'text', isArray: false, limit: null, precision: null, scale: null };
    const columns = [{ ...column, name: 'born', notNull: false, generated: true }];
    const rest = { oid: 1, partitionOf: null, uniqueKeys: [], estimatedRows: 0, sizeBytes: 0 };
    const catalog = {
      tables: [{ ...rest, schema: 'shop', name: 'people', kind: 'r' as const, columns }],
      foreignKeys: [],
    };
    try {
      planMasking(catalog, parsePolicy({ tables: {}, quasiIdentifiers }));
    } catch (error) {
      return (error as Problem).errors!.map(({ where, what }) => `${where} ${what}`).join('\n');
    }
    return 'accepted';
  };

  test('name columns of the source, generated ones too, and how many rows have to share their values', () => {
    assert.equal(problemOf({ 'shop.people': [['born'], { columns: ['born'], atLeast: 5 }] }), 'accepted');
    assert.match(problemOf({ 'shop.people': [['born', 'gone']] }), /^shop\.people\.gone is no column of the source/);
    assert.match(problemOf({ 'shop.nobody': [['born']] }), /^shop\.nobody is no table of the source/);
    assert.match(problemOf({ 'shop.people': [{ columns: ['born'], atleast: 5 }] }), /unknown option `atleast`/);
    assert.match(problemOf({ 'shop.people': [{ atLeast: 5 }] }), /lacks `columns`/);
    assert.match(problemOf({ 'shop.people': [[]] }), /fewer than 1 items/);
    assert.match(problemOf({ 'shop.people': [{ columns: ['born'], atLeast: 0 }] }), />= 1/);
  });
});
