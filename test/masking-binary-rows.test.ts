import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dictionaries } from '../services/masking/dictionaries.ts';
import type { Place } from '../services/masking/kind.ts';
import { kinds } from '../services/masking/kinds/index.ts';
import { createMaterials } from '../services/masking/materials.ts';
import type { PlannedColumn } from '../services/masking/plan/plan.ts';
import type { ColumnRule } from '../services/masking/policy/rule.ts';
import { UnreadableRow } from '../services/masking/rows/binary-row.ts';
import { escapeCopy } from '../services/masking/rows/copy-text.ts';
import { maskCopied } from '../services/masking/rows/preview.ts';
import { createSink } from '../services/masking/rows/sink.ts';
import { createTableMask, takesBinary } from '../services/masking/rows/table.ts';
import { binaryFields, binaryRow } from './support/binary-rows.ts';

function planned(rule: ColumnRule, place: Partial<Place> = {}, isArray = false): PlannedColumn {
  return { name: 'c', rule, by: 'column', place: { family: 'text', type: 'text', unique: false, ...place }, isArray };
}

const keep = planned({ keep: 'harmless' });
const email = planned({ mask: 'email' });
const materials = () =>
  createMaterials(Buffer.alloc(32, 'k'), dictionaries(), new Map([['pool', new Map([['Anna', 'Bob']])]]));
const tableOf = (columns: PlannedColumn[]) => ({ schema: 'shop', name: 't', columns });
const maskOf = (columns: PlannedColumn[]) => createTableMask(materials(), tableOf(columns), 'binary');

function inBinary(columns: PlannedColumn[], rows: (string | null)[][]): (string | null)[][] {
  const mask = maskOf(columns);
  return rows.map((values) => {
    const out = createSink(1);
    const row = binaryRow(values);
    // Among others, as it comes.
    mask(Buffer.concat([Buffer.from('before'), row, Buffer.from('after')]), 6, 6 + row.length, out);
    return binaryFields(out.bytes.subarray(0, out.at));
  });
}

function inText(columns: PlannedColumn[], rows: (string | null)[][]): (string | null)[][] {
  const lines = rows.map((values) => `${values.map(escaped).join('\t')}\n`);
  const table = { ...tableOf(columns), columns: columns.map((column) => ({ ...column, rule: { keep: 'shown' } })) };
  return maskCopied(Buffer.from(lines.join('')), table, createTableMask(materials(), tableOf(columns))).rows;
}

function escaped(value: string | null): string {
  if (value === null) return '\\N';
  const sink = createSink(1);
  const bytes = Buffer.from(value);
  escapeCopy(bytes, 0, bytes.length, sink);
  return sink.bytes.toString('utf8', 0, sink.at);
}

const awkward = [
  '',
  '\\N',
  '\\.',
  'tab\there',
  'line\nbreak',
  'back\\slash',
  'Anna',
  'Anna',
  'ü€😀',
  ' ',
  '\\x4142',
  "it's",
];
const options: Record<string, object> = {
  constant: { value: 'tab\t and \\ and\nline' },
  national_id: { country: 'us' },
  generalise: { prefix: 2 },
  shuffle: { pool: 'pool' },
  password: { password: 'staging', scheme: 'bcrypt' },
};
const ofText = Object.entries(kinds).filter(([, { holds, perRow }]) => holds.includes('text') && !perRow);

describe('rows in COPY’s binary format', () => {
  assert.ok(ofText.length > 15);
  for (const [mask] of ofText) {
    test(`are masked by ${mask} as they are in the text format`, () => {
      const rule = { mask, ...options[mask] };
      const column = planned(rule, mask === 'shuffle' ? { pool: 'pool' } : {});
      const columns = [keep, column, keep, { ...column, name: 'd' }];
      assert.ok(takesBinary({ columns }));
      const values = [...awkward, null, 'anna.schmidt@shop.example', '078-05-1120', 'x'.repeat(70)].filter(
        (value) => mask !== 'shuffle' || value === null || value === 'Anna',
      );
      const rows = values.map((value, index) => [`kept ${index}`, value, null, values[(index * 7) % values.length]!]);
      assert.deepEqual(inBinary(columns, rows), inText(columns, rows));
    });
  }

  test('keep what is kept byte for byte, whatever it is', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const row = binaryRow([bytes, 'anna@shop.example', bytes]);
    const out = createSink(1);
    maskOf([keep, email, keep])(row, 0, row.length, out);
    const masked = out.bytes.subarray(0, out.at);
    const [head, tail] = [row.subarray(0, 2 + 4 + 256), row.subarray(row.length - 4 - 256)];
    assert.deepEqual(masked.subarray(0, head.length), head);
    assert.deepEqual(masked.subarray(masked.length - tail.length), tail);
    assert.ok(!masked.includes('anna'));
  });

  test('may be larger than any buffer, and have no columns', () => {
    const large = 'x'.repeat(1 << 20);
    const [[first, masked, last]] = inBinary([keep, email, keep], [[large, large, 'end']]) as [string[]];
    assert.equal(first, large);
    assert.match(masked!, /@example\.(com|net|org)$/);
    assert.equal(last, 'end');
    assert.deepEqual(inBinary([], [[]]), [[]]);
  });

  test('that are none are let through by no mask', () => {
    const row = binaryRow(['a', 'anna@shop.example']);
    const mask = maskOf([keep, email]);
    const negative = Buffer.from(row);
    negative.writeInt32BE(-2, 2);
    const beyond = Buffer.from(row);
    beyond.writeInt32BE(1000, 2 + 4 + 1);
    const others = [binaryRow(['a']), binaryRow(['a', 'b', 'c']), Buffer.concat([row, Buffer.of(0)]), negative, beyond];
    for (let end = 0; end < row.length; end++) others.push(row.subarray(0, end));
    for (const bytes of others) {
      // What follows in the chunk is of no interest.
      const chunk = Buffer.concat([bytes, Buffer.alloc(2000)]);
      assert.throws(() => mask(chunk, 0, bytes.length, createSink(1)), UnreadableRow);
    }
  });

  test('are for tables whose masked values stand there as they print', () => {
    const date = { family: 'date', type: 'date' } as const;
    assert.ok(takesBinary({ columns: [keep, planned({ keep: 'x' }, date), planned({ mask: 'null' })] }));
    assert.ok(takesBinary({ columns: [planned({ mask: 'constant', value: 'a' }, { family: 'enum', type: 'mood' })] }));
    const others = [
      planned({ mask: 'date', days: 10 }, date),
      // The audit would take its bytes for what it says.
      planned({ mask: 'null' }, date),
      planned({ mask: 'null' }, {}, true),
      planned({ mask: 'composite', fields: {} }, { family: 'composite', type: 'citext' }),
      planned({ mask: 'email' }, {}, true),
      planned({ mask: 'randomise', shape: true }),
      planned({ mask: 'token' }, { type: 'name' }),
      planned({ mask: 'token' }, { family: 'integer', type: 'int8' }),
      planned({ mask: 'json', paths: {} }, { family: 'json', type: 'jsonb' }),
      planned({ mask: 'token', subject: 'id' }),
    ];
    for (const column of others) {
      assert.ok(!takesBinary({ columns: [keep, column] }), JSON.stringify(column.rule));
      assert.throws(() => maskOf([keep, column]), /shop.t do not know the binary format/);
    }
  });
});
