import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { docker, image } from './postgres.ts';

/** The Postgres image after a shell script has run in it, for as long as the work takes. */
export async function withAlteredImage<T>(script: string, work: (image: string) => Promise<T>): Promise<T> {
  const [repo, tag] = ['greenroom-test-postgres', `altered-${randomBytes(4).toString('hex')}`];
  const { Config: config } = await docker.getImage(image).inspect();
  const container = await docker.createContainer({
    ...{ Image: image, Entrypoint: ['sh', '-ec', script], Cmd: [], Labels: { 'greenroom.test': '1' } },
  });
  try {
    await container.start();
    assert.equal(((await container.wait()) as { StatusCode: number }).StatusCode, 0);
    const words = (instruction: string, of: unknown) => `${instruction} ${JSON.stringify(of)}`;
    await container.commit({
      ...{ repo, tag },
      changes: [words('ENTRYPOINT', config.Entrypoint), words('CMD', config.Cmd)].join('\n'),
    });
  } finally {
    await container.remove({ force: true, v: true });
  }
  try {
    return await work(`${repo}:${tag}`);
  } finally {
    await docker.getImage(`${repo}:${tag}`).remove({ force: true });
  }
}
