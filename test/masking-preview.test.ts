import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dictionaries } from '../services/masking/dictionaries.ts';
import { createMaterials } from '../services/masking/materials.ts';
import type { PlannedColumn } from '../services/masking/plan/plan.ts';
import type { ColumnRule } from '../services/masking/policy/rule.ts';
import { maskCopied } from '../services/masking/rows/preview.ts';
import { createTableMask } from '../services/masking/rows/table.ts';

const materials = createMaterials(Buffer.alloc(32, 'k'), dictionaries());

function preview(rules: ColumnRule[], rows: string) {
  const columns = rules.map((rule, index): PlannedColumn => {
    const family = 'mask' in rule && rule.mask === 'number' ? ('integer' as const) : ('text' as const);
    return { name: `c${index}`, rule, by: 'column', isArray: false, place: { family, type: 'text', unique: false } };
  });
  const table = { schema: 'app', name: 't', columns };
  return maskCopied(Buffer.from(rows), table, createTableMask(materials, table));
}

const keep = { keep: 'public' };

test('kept values are shown as they are, masked ones masked, NULL and what looks like it apart', () => {
  const { rows, columns } = preview(
    [keep, { mask: 'email' }, { mask: 'constant', value: 'a\tb' }],
    'tab\\there\tanna@mail.example\told\n\\N\t\\N\t\\N\n\\\\N\t\t\n',
  );
  assert.deepEqual(rows[0]![0], 'tab\there');
  assert.match(rows[0]![1]!, /@example\.(com|net|org)$/);
  assert.equal(rows[0]![2], 'a\tb');
  assert.deepEqual(rows[1], [null, null, null]);
  assert.equal(rows[2]![0], '\\N');
  assert.deepEqual(columns[0], { values: 2, changed: 0 });
  assert.equal(columns[1]!.changed, 1);
});

test('a masked value that came out as it was is not shown', () => {
  const { rows, columns } = preview([{ mask: 'number' }, { mask: 'constant', value: 'same' }], '0\tsame\n100\tother\n');
  assert.deepEqual(rows[0], ['(unchanged)', '(unchanged)']);
  assert.notEqual(rows[1]![0], '(unchanged)');
  assert.equal(rows[1]![1], 'same');
  assert.deepEqual(
    columns.map(({ values, changed }) => [values, changed]),
    [
      [2, 1],
      [2, 1],
    ],
  );
});

test('long values are cut off', () => {
  const { rows } = preview([keep, { mask: 'token' }], `${'x'.repeat(600)}\t${'y'.repeat(600)}\n`);
  assert.deepEqual(
    rows[0]!.map((value) => value!.length),
    [501, 501],
  );
  assert.ok(!rows[0]![1]!.startsWith('yy'));
});

test('rows without columns are rows', () => {
  assert.deepEqual(preview([], '\n\n').rows, [[], []]);
});
