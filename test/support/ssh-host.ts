import { randomBytes } from 'node:crypto';
import { addressOf } from '../../services/engine/dial.ts';
import { exec } from '../../services/engine/exec.ts';
import { ifPresent } from '../../services/engine/host.ts';
import { docker } from './postgres.ts';
import { until } from './service.ts';

const image = 'greenroom-test-sshd:trixie';

/** A throwaway machine with OpenSSH's sshd; `courier` logs in to it by key. */
export interface SshHost {
  address: string;
  /** Its public keys, as ssh-keyscan prints them, and their fingerprints as ssh-keygen does. */
  keys: Record<'ed25519' | 'rsa', { line: string; fingerprint: string }>;
  /** Who may log in: lines of authorized_keys. */
  authorize(...lines: string[]): Promise<void>;
  /** Has ssh-keygen make a pair. */
  makeKey(type: 'ed25519' | 'rsa', passphrase?: string): Promise<{ secret: string; line: string }>;
  run(command: string[], options?: { input?: string; user?: string }): Promise<string>;
  log(): Promise<string>;
  /** How many logins it has let in so far, and how many of them are over. */
  logins(): Promise<{ accepted: number; over: number }>;
  kill(): Promise<void>;
  remove(): Promise<void>;
}

/** @param name is what it is called on the network. */
export async function startSshHost(network: string, name: string, binds: string[] = []): Promise<SshHost> {
  const container = await docker.createContainer({
    name: `greenroom-test-sshd-${randomBytes(4).toString('hex')}`,
    Image: image,
    Labels: { 'greenroom.test': '1' },
    HostConfig: { NetworkMode: network, Binds: binds },
    NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [name] } } },
  });
  const remove = async () => void (await ifPresent(container.remove({ force: true, v: true })));
  const run: SshHost['run'] = async (command, { input, user } = {}) => {
    const result = await exec({ docker }, container.id, {
      command,
      ...(input === undefined ? {} : { input }),
      ...(user === undefined ? {} : { user }),
    });
    if (result.exitCode !== 0) throw new Error(`${command.join(' ')}: ${result.stderr || result.stdout}`);
    return result.stdout;
  };
  const log = async () => (await container.logs({ stdout: true, stderr: true })).toString('utf8');
  const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;
  const keyOf = async (type: string) => {
    const file = `/etc/ssh/ssh_host_${type}_key.pub`;
    const [line, listed] = [await run(['cat', file]), await run(['ssh-keygen', '-lf', file])];
    return { line: line.trim(), fingerprint: listed.split(' ')[1]! };
  };
  try {
    await container.start();
    await until(async () => (await log()).includes('Server listening'));
    return {
      address: await addressOf({ docker }, container.id),
      keys: { ed25519: await keyOf('ed25519'), rsa: await keyOf('rsa') },
      async authorize(...lines) {
        await run(['sh', '-c', 'cat >/etc/ssh/authorized_keys'], { input: `${lines.join('\n')}\n` });
      },
      async makeKey(type, passphrase = '') {
        const file = `/root/${randomBytes(4).toString('hex')}`;
        await run(['ssh-keygen', '-q', '-t', type, '-N', passphrase, '-C', 'greenroom', '-f', file]);
        return { secret: await run(['cat', file]), line: (await run(['cat', `${file}.pub`])).trim() };
      },
      run,
      log,
      async logins() {
        const text = await log();
        return { accepted: count(text, /Accepted publickey/g), over: count(text, /Disconnected from user courier/g) };
      },
      kill: async () => void (await container.kill()),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
