import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import request from 'supertest';
import { parse } from 'yaml';
import { startService, type TestService, until } from './support/service.ts';

interface ContractOperation {
  operationId: string;
  security: { token?: string[] }[];
}

const contract = parse(readFileSync(join(import.meta.dirname, '../openapi/openapi.yaml'), 'utf8')) as {
  paths: Record<string, Record<string, ContractOperation>>;
};
const operations = Object.entries(contract.paths).flatMap(([path, methods]) =>
  Object.entries(methods)
    .filter(([method]) => ['get', 'post', 'put', 'patch', 'delete'].includes(method))
    .map(([method, { security }]) => ({ method, path, scopes: security[0]?.token })),
);
const anExample: Record<string, string> = {
  token: '4b0ee6ac-6a6e-4f0a-9a3a-0c3b3f7a2a11',
  operation: '4b0ee6ac-6a6e-4f0a-9a3a-0c3b3f7a2a11',
  snapshot: 'snap-000000000000',
  rehearsal: 'run-000000000000',
};
const addressOf = (path: string) => path.replace(/\{(\w+)\}/g, (_, name) => anExample[name] ?? 'none');

let service: TestService;
before(async () => {
  service = await startService();
});
after(() => service.remove());

const send = (method: string, path: string, token?: string) => {
  const sent = request(service.url)[method as 'get'](addressOf(path)).set('Content-Type', 'application/json');
  return token ? sent.set('Authorization', `Bearer ${token}`) : sent;
};

const newToken = (name: string, scopes: string[], more: object = {}) =>
  service.call<{ id: string; secret: string }>('POST', '/v1/tokens', { name, scopes, ...more });

test('every operation but health and the contract needs a token, and the scope the contract names', async () => {
  const scopes = ['read', 'deploy', 'data', 'approve', 'admin'];
  const tokens = Object.fromEntries(
    await Promise.all(scopes.map(async (scope) => [scope, (await newToken(`only ${scope}`, [scope])).secret] as const)),
  );
  assert.ok(operations.length > 30);
  for (const { method, path, scopes: needed } of operations) {
    const where = `${method} ${path}`;
    const bare = await send(method, path);
    if (!needed) {
      assert.ok(bare.status < 300, where);
      continue;
    }
    assert.equal(bare.status, 401, where);
    assert.equal(bare.headers['content-type'], 'application/problem+json; charset=utf-8');
    assert.equal(bare.body.code, 'unauthenticated');
    for (const scope of scopes) {
      if (scope === 'admin' || needed.includes(scope)) continue;
      const refused = await send(method, path, tokens[scope]);
      assert.equal(refused.status, 403, `${where} with ${scope}`);
      assert.match(refused.body.detail, new RegExp(`this needs ${needed.join(', ')}`));
    }
    const allowed = await send(method, path, tokens[needed[0]!]);
    assert.ok(![401, 403].includes(allowed.status), `${where} with ${needed[0]}: ${allowed.status}`);
  }
});

test('a token’s secret is shown once; a revoked or expired token opens nothing', async () => {
  const { id, secret } = await newToken('ci', ['read']);
  assert.match(secret, /^gr_[\w-]{43}$/);
  const listed = await send('get', '/v1/tokens', service.token);
  assert.ok(!JSON.stringify(listed.body).includes(secret));
  assert.equal((await send('get', '/v1/stacks', secret)).status, 200);
  assert.equal((await send('delete', `/v1/tokens/${id}`, service.token)).status, 204);
  assert.equal((await send('get', '/v1/stacks', secret)).status, 401);
  const brief = await newToken('brief', ['read'], { expiresAt: new Date(Date.now() + 3000).toISOString() });
  await until(async () => (await send('get', '/v1/stacks', brief.secret)).status === 401);
});

test('who did what is on record', async () => {
  const { body } = await send('get', '/v1/events', service.token);
  const made = body.items.find(
    (event: { action: string; subject: string }) => event.action === 'token.create' && event.subject === 'ci',
  );
  assert.equal(made.actor, 'first admin');
});

test('health, readiness and the contract are open, and hosts say how they clone', async () => {
  assert.deepEqual((await send('get', '/healthz')).body, { status: 'ok' });
  assert.deepEqual((await send('get', '/readyz')).body, {
    status: 'ok',
    checks: { database: 'ok', 'host local': 'ok' },
  });
  assert.equal((await send('get', '/openapi.json')).body.openapi, '3.1.0');
  const { body } = await send('get', '/v1/hosts', service.token);
  assert.equal(body.items.length, 1);
  assert.match(body.items[0].cloneMode, /^(reflink|copy)$/);
  assert.equal('remedy' in body.items[0], body.items[0].cloneMode === 'copy');
});

test('the first token is made once, whatever is restarted', async () => {
  await service.kill('SIGTERM');
  await service.start();
  assert.equal(service.output().match(/shown once/g)!.length, 1);
  assert.equal((await send('get', '/v1/stacks', service.token)).status, 200);
});

test('the service leaves no core dump, which would hold its keys', { skip: process.platform !== 'linux' }, () => {
  assert.equal(readFileSync(`/proc/${service.pid()}/coredump_filter`, 'utf8').trim(), '00000000');
  assert.match(readFileSync(`/proc/${service.pid()}/limits`, 'utf8'), /^Max core file size +0 +0 /m);
});
