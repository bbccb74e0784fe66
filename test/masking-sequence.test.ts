import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SequencePlace, shiftSequence } from '../services/masking/keyed/sequence.ts';

const key = Buffer.alloc(32, 'k');
const other = Buffer.alloc(32, 'o');
const bigint = 2n ** 63n - 1n;
const place = (more: Partial<SequencePlace>): SequencePlace => ({
  ...{ name: 'app.orders_id_seq', last: 4711n, start: 1n, increment: 1n, min: 1n, max: bigint },
  ...more,
});
const shift = (more: Partial<SequencePlace>, by = key) => shiftSequence(by, place(more));

test('a sequence goes forward by what the key decides, each by its own', () => {
  const next = shift({});
  assert.ok(next > 4711n && next <= 4711n + 100_000n);
  assert.equal(shift({}), next);
  assert.notEqual(shift({}, other), next);
  assert.notEqual(shift({ name: 'app.customers_id_seq' }), next);
});

test('one that has gone far goes on up to as far again', () => {
  const names = Array.from({ length: 50 }, (_, index) => `app.s${index}`);
  const amounts = names.map((name) => shift({ name, last: 50_000_001n }) - 50_000_001n);
  assert.ok(amounts.every((amount) => amount > 0n && amount <= 50_000_000n));
  assert.ok(amounts.some((amount) => amount > 10_000_000n));
});

test('steps are of its increment, in its direction', () => {
  const down = shift({ last: -40n, start: -10n, increment: -10n, min: -(2n ** 63n), max: -1n });
  assert.ok(down < -40n);
  assert.equal(down % 10n, 0n);
  const up = shift({ last: 1005n, start: 5n, increment: 100n });
  assert.ok(up > 1005n);
  assert.equal(up % 100n, 5n);
});

test('it stays within its bounds, and leaves half of what is left; at its end it stays', () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    const next = shift({ name, last: 32_000n, max: 32_767n });
    assert.ok(next > 32_000n && next <= 32_000n + 383n);
  }
  assert.equal(shift({ last: 10n, max: 10n }), 10n);
  assert.equal(shift({ last: 9n, max: 10n }), 9n);
  assert.equal(shift({ last: 8n, max: 10n }), 9n);
  const whole = { start: -bigint - 1n, last: -bigint - 1n, min: -bigint - 1n };
  assert.ok(shift(whole) > whole.last);
});
