import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { label } from '../services/engine/labels.ts';
import { docker } from './support/service.ts';

const demo = join(import.meta.dirname, '../examples/demo/demo.ts');

test('demo --once does the job over the REST API, takes everything down, and ends with one JSON object', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [demo, '--once'], { timeout: 300_000 });
  const result = JSON.parse(stdout.trim().split('\n').at(-1)!) as {
    project: string;
    snapshot: string;
    stack: string;
    ms: object;
    verdict: object;
    rehearsal: Record<string, string>;
    backup: string;
  };
  assert.equal(result.project, 'shop');
  assert.match(result.snapshot, /^snap-/);
  assert.equal(result.stack, 'demo');
  assert.deepEqual(Object.keys(result.ms), [
    ...['service', 'production', 'project', 'source', 'snapshot', 'stack', 'requests'],
    ...['rehearsal-v1', 'rehearsal-v2', 'apply', 'restore', 'teardown'],
  ]);
  assert.deepEqual(result.verdict, { v1: 'READY', v2: 'NOT_READY' });
  assert.match(result.rehearsal.v2!, /^run-/);
  assert.match(result.backup, /^bak-/);
  assert.match(
    stdout,
    /READY {2}shop v1 on demo[\s\S]*exit code 0[\s\S]*NOT_READY {2}shop v2 on demo[\s\S]*exit code 1/,
  );
  assert.match(stdout, /m\d+\w* rewrites shop\.order_items .*: ALTER TABLE/i);
  const all = await docker.listContainers({ all: true });
  assert.deepEqual(
    all.filter(({ Labels }) => Labels[label.stack] === 'demo'),
    [],
  );
  assert.deepEqual(
    all.filter(({ Names }) =>
      Names.some((name) => name.startsWith('/greenroom-demo-') && !/-demo-(db|production)$/.test(name)),
    ),
    [],
  );
  const { Volumes: volumes } = await docker.listVolumes();
  assert.deepEqual(
    volumes.filter(({ Labels }) => Labels?.[label.snapshot] === result.snapshot),
    [],
  );
});
