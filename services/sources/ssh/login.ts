import ssh2 from 'ssh2';
import type { components } from '../../../openapi/types.ts';
import { messageOf, Problem } from '../../errors.ts';
import { pinnedKeyOf } from './host-key.ts';

type Schemas = components['schemas'];
export type SshHop = Schemas['NewSshHop'];
export type SshLogin = Schemas['NewSourceSsh'];

/** Refuses what could never log in, or would trust anybody. @throws Problem `invalid-request` naming the field, never its text */
export function checkLogin({ jump, ...hop }: SshLogin): void {
  checkHop(hop, '/ssh');
  if (jump) checkHop(jump, '/ssh/jump');
}

function checkHop(hop: SshHop, where: string): void {
  const invalid = (field: string, detail: string, remedy: string) =>
    new Problem('invalid-request', detail, { where: `${where}/${field}`, remedy });
  if (!pinnedKeyOf(hop.hostKey)) {
    throw invalid(
      'hostKey',
      `The host key of ${hop.host} cannot be read`,
      'Give it as `ssh-ed25519 AAAA…` or as `SHA256:…`, read where you trust what you read: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub on the host.',
    );
  }
  if (hop.privateKey === undefined) {
    if (!hop.agent)
      throw invalid('privateKey', `No way to log in to ${hop.host}`, 'Give a private key, or agent: true.');
    if (hop.passphrase !== undefined)
      throw invalid('passphrase', 'There is no private key it would open', 'Leave it out.');
    return;
  }
  const key = ssh2.utils.parseKey(hop.privateKey, hop.passphrase);
  if (key instanceof Error) {
    const field = /passphrase|decrypt|integrity/i.test(key.message) ? 'passphrase' : 'privateKey';
    throw invalid(
      field,
      `The private key for ${hop.host} cannot be read: ${messageOf(key)}`,
      'Give the whole text of the file that ssh-keygen wrote, and its passphrase where it has one.',
    );
  }
  if (!key.isPrivateKey()) {
    throw invalid('privateKey', `The key for ${hop.host} is a public one`, 'Give the file without .pub.');
  }
}

/** What may be shown of a login. */
export function shownLogin({ jump, ...hop }: SshLogin): Schemas['SourceSsh'] {
  return { ...shownHop(hop), ...(jump ? { jump: shownHop(jump) } : {}) };
}

function shownHop({ host, port = 22, user, hostKey }: SshHop): Schemas['SshHop'] {
  return { host: `${host}:${port}`, user, hostKey: pinnedKeyOf(hostKey)!.fingerprint };
}
