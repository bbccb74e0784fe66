import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { startService, type TestService } from '../support/service.ts';
import { capture, createShop, type Production, rehearseRelease, startProduction } from '../support/shop.ts';

let service: TestService;
let production: Production;
before(async () => {
  [service, production] = await Promise.all([startService(), startProduction()]);
  await createShop(service);
  await capture(service, production);
});
after(async () => {
  await production.remove();
  await service.remove();
});

/** The most memory that the service's process has had, in MB. */
async function peakMb(): Promise<number> {
  const status = await readFile(`/proc/${service.pid()}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1024;
}

test('a backfill of 100,000 statements is rehearsed, and neither report nor memory grow with it', async () => {
  const before = await peakMb();
  const migrator = { image: 'greenroom-test-migrator:seaorm-1', variables: { KIND: 'backfill' } };
  const { state, report } = await rehearseRelease(service, { version: 'backfill', services: { migrator } });
  assert.equal(state, 'passed', report.reasons.join());
  assert.ok(report.up.statementCount >= 100_000, String(report.up.statementCount));
  assert.equal(report.up.costs[0]!.statements, report.up.statementCount);
  assert.ok(
    report.up.statements.some(({ calls }) => calls === 100_000),
    'what differs in its values only is one',
  );
  assert.ok(JSON.stringify(report).length < 2 << 20, 'the report stays small');
  const grown = (await peakMb()) - before;
  assert.ok(grown < 200, `the log is 80 MB; memory grew by ${Math.round(grown)} MB`);
});
