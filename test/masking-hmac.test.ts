import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { dictionaries } from '../services/masking/dictionaries.ts';
import { createHmacSha256, createRoundFunction } from '../services/masking/keyed/hmac.ts';
import { domainKey, keyId } from '../services/masking/keyed/key.ts';
import { createMaterials } from '../services/masking/materials.ts';

test('a keyed hash is HMAC-SHA-256, whatever the length of key and value', () => {
  for (const keyLength of [0, 1, 20, 32, 63, 64]) {
    const key = randomBytes(keyLength);
    const hmac = createHmacSha256(key);
    for (const length of [0, 1, 31, 32, 55, 56, 63, 64, 65, 119, 120, 128, 191, 192, 193, 767, 768, 1000, 70_000, 3]) {
      const value = randomBytes(length);
      const embedded = Buffer.concat([Buffer.from('before'), value, Buffer.from('after')]);
      const digest = Buffer.from(hmac(embedded, 6, 6 + length).slice().buffer);
      assert.deepEqual(digest, createHmac('sha256', key).update(value).digest(), `key ${keyLength}, value ${length}`);
    }
  }
});

test('a round is SHA-256 of the key’s block and a message that is shorter than a block', () => {
  for (const length of [0, 1, 33, 54, 55, 56, 63]) {
    const key = randomBytes(32);
    const { message, run } = createRoundFunction(key, length);
    const block = Buffer.alloc(64, 0x36);
    for (const [index, byte] of key.entries()) block[index]! ^= byte;
    for (let time = 0; time < 2; time++) {
      randomBytes(length).copy(message);
      const expected = createHash('sha256').update(block).update(message).digest();
      assert.deepEqual(Buffer.from(run()), expected, `${length}`);
    }
  }
  assert.throws(() => createRoundFunction(randomBytes(32), 64), RangeError);
});

test('each semantic type has a key of its own, and neither key nor domain shows in the key id', () => {
  const key = randomBytes(32);
  assert.notDeepEqual(domainKey(key, 'email'), domainKey(key, 'phone'));
  assert.deepEqual(domainKey(key, 'email'), domainKey(Buffer.from(key), 'email'));
  assert.match(keyId(key), /^[0-9a-f]{16}$/);
  assert.notEqual(keyId(key), keyId(randomBytes(32)));
});

test('without a key of 32 bytes nothing is masked', () => {
  for (const key of [undefined, Buffer.alloc(0), randomBytes(31)]) {
    assert.throws(() => createMaterials(key as Buffer, dictionaries()), { name: 'Problem', code: 'policy-invalid' });
  }
  createMaterials(randomBytes(32), dictionaries());
});
