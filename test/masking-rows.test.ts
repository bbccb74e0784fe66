import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dictionaries } from '../services/masking/dictionaries.ts';
import type { Place } from '../services/masking/kind.ts';
import { createMaterials } from '../services/masking/materials.ts';
import type { PlannedColumn } from '../services/masking/plan/plan.ts';
import type { ColumnRule } from '../services/masking/policy/rule.ts';
import { createSink } from '../services/masking/rows/sink.ts';
import { createTableMask } from '../services/masking/rows/table.ts';

const key = Buffer.alloc(32, 'k');

function planned(
  rule: ColumnRule,
  { isArray = false, ...more }: Partial<Place> & { isArray?: boolean } = {},
): PlannedColumn {
  const place: Place = { family: 'text', type: 'text', unique: false, ...more };
  return { name: 'c', rule, by: 'column', place, isArray };
}

/** Masks rows of values; null is NULL. Fields are written and read as COPY does. */
function maskRows(columns: PlannedColumn[], rows: (string | null)[][]): (string | null)[][] {
  const mask = createTableMask(createMaterials(key, dictionaries()), { schema: 'shop', name: 't', columns });
  const out = createSink(16);
  for (const row of rows) {
    const line = Buffer.from(`${row.map(field).join('\t')}\n`);
    mask(line, 0, line.length, out);
  }
  const lines = out.bytes.toString('utf8', 0, out.at).split('\n');
  assert.equal(lines.pop(), '', 'every row ends with a newline');
  assert.equal(lines.length, rows.length);
  return lines.map((line) => line.split('\t').map(value));
}

const escapes: Record<string, string> = {
  '\b': 'b',
  '\f': 'f',
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
  '\v': 'v',
  '\\': '\\',
};
const field = (text: string | null) =>
  text === null ? '\\N' : text.replace(/[\b\f\n\r\t\v\\]/g, (found) => `\\${escapes[found]}`);

function value(text: string): string | null {
  if (text === '\\N') return null;
  return text.replace(/\\(.)/g, (_, letter) => Object.keys(escapes).find((one) => escapes[one] === letter) ?? letter);
}

const keep = planned({ keep: 'harmless' });
const email = planned({ mask: 'email' });
const token = planned({ mask: 'token' });
const one = (column: PlannedColumn, text: string | null) => maskRows([column], [[text]])[0]![0]!;

const awkward = [
  'tab\there',
  'line\nbreak',
  'back\\slash',
  '\\N',
  '\\.',
  'é漢🙂',
  '\r\b\f\v',
  '{"a"}',
  '\u0001',
  ' ',
  'x'.repeat(100_000),
];

describe('rows in COPY’s text format', () => {
  test('columns that stay come through unchanged beside masked ones', () => {
    const rows = awkward.map((text) => [text, 'a@b.de', text, null, '']);
    const masked = maskRows([keep, email, keep, keep, keep], rows);
    masked.forEach((row, index) => {
      assert.deepEqual([row[0], row[2], row[3], row[4]], [awkward[index], awkward[index], null, '']);
      assert.match(row[1]!, /@example\./);
    });
  });

  test('NULL stays NULL and empty stays empty, first, last and alone', () => {
    assert.deepEqual(
      maskRows(
        [email, keep, email],
        [
          [null, 'x', ''],
          ['', null, null],
        ],
      ),
      [
        [null, 'x', ''],
        ['', null, null],
      ],
    );
    assert.deepEqual(maskRows([email], [[null], ['']]), [[null], ['']]);
  });

  test('a value is masked by what it says, not by how COPY writes it', () => {
    for (const text of awkward) {
      const masked = one(token, text);
      assert.equal(masked.length, [...text].length);
      assert.equal(masked, one(token, text));
    }
    assert.equal(
      one(token, 'a\tb\\c'),
      one(token, 'a\tb\\c').replace(/[a-z]/g, (letter) => letter),
    );
    assert.match(one(token, 'a\tb\\c\n7'), /^[a-z]\t[a-z]\\[a-z]\n\d$/);
  });

  test('null and constant', () => {
    const constant = planned({ mask: 'constant', value: 'tab\t\\' });
    assert.deepEqual(
      maskRows(
        [planned({ mask: 'null' }), constant],
        [
          ['x', 'y'],
          ['', ''],
          [null, null],
        ],
      ),
      [
        [null, 'tab\t\\'],
        [null, 'tab\t\\'],
        [null, null],
      ],
    );
  });

  test('the same original comes out the same in every column, however often and whatever lies between', () => {
    const rows = Array.from({ length: 30_000 }, (_, index) => [`p${index % 3000}@x.de`, `p${(index * 7) % 3000}@x.de`]);
    const masked = maskRows([email, email], rows);
    const seen = new Map<string, string>();
    masked.forEach((row, index) => {
      row.forEach((text, position) => {
        const original = rows[index]![position]!;
        assert.equal(seen.get(original) ?? text, text);
        seen.set(original, text!);
      });
    });
    assert.equal(new Set(seen.values()).size, 3000);
  });

  test('citext: the same in another case is the same', () => {
    const citext = planned({ mask: 'email' }, { type: 'citext', ignoresCase: true });
    assert.equal(one(citext, 'Anna@X.de'), one(citext, 'anna@x.DE'));
    assert.equal(one(citext, 'anna@x.de'), one(email, 'anna@x.de'));
    assert.notEqual(one(email, 'Anna@X.de'), one(email, 'anna@x.de'));
  });

  test('char(n): the blanks it is filled up with count for nothing', () => {
    const filled = planned({ mask: 'email' }, { type: 'bpchar' });
    assert.equal(one(filled, 'a@b.de      '), one(email, 'a@b.de'));
    assert.equal(one(filled, '   '), '');
  });

  test('a row with another number of columns stops the copy', () => {
    const mask = createTableMask(createMaterials(key, dictionaries()), {
      schema: 'shop',
      name: 't',
      columns: [email, keep],
    });
    for (const line of ['only one\n', 'a\tb\tc\n']) {
      assert.throws(() => mask(Buffer.from(line), 0, line.length, createSink(64)));
    }
  });
});

describe('arrays', () => {
  const emails = planned({ mask: 'email' }, { isArray: true });
  const tokens = planned({ mask: 'token' }, { isArray: true });
  const plainly = (text: string) => one(email, text);

  test('each element is masked as a column of its own would be; NULL and empty elements stay', () => {
    assert.equal(one(emails, '{a@b.de,NULL,"",c@d.de}'), `{"${plainly('a@b.de')}",NULL,"","${plainly('c@d.de')}"}`);
    assert.equal(one(emails, '{}'), '{}');
    assert.equal(one(emails, '{{a@b.de},{c@d.de}}'), `{{"${plainly('a@b.de')}"},{"${plainly('c@d.de')}"}}`);
    assert.equal(one(emails, '[0:0]={a@b.de}'), `[0:0]={"${plainly('a@b.de')}"}`);
    assert.equal(one(emails, '{"NULL"}'), `{"${plainly('NULL')}"}`);
  });

  test('quotes, backslashes, commas and braces in elements', () => {
    const elements = ['a"b', 'c\\d', 'e,f', '{g}', 'tab\tnew\nline', ' spaced ', '漢'];
    const literal = `{${elements.map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
    const masked = one(tokens, literal);
    const parsed = [...masked.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, text]) => text!.replace(/\\(.)/gs, '$1'));
    assert.deepEqual(
      parsed,
      elements.map((text) => one(token, text)),
    );
  });

  test('of documents', () => {
    const documents = planned(
      { mask: 'json', fields: { e: 'email' } },
      { family: 'json', type: 'jsonb', isArray: true },
    );
    const masked = one(documents, '{"{\\"e\\": \\"a@b.de\\"}",NULL}');
    assert.equal(masked, `{"{\\"e\\": \\"${plainly('a@b.de')}\\"}",NULL}`);
  });
});
