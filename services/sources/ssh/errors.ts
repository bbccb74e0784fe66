import { messageOf, Problem } from '../../errors.ts';

/** An error of ssh2: `level` says which part of a connection it is of, `reason` why a channel was not opened. */
interface SshError extends Error {
  level?: string;
  reason?: number;
}

/** What an SSH host answered instead of letting greenroom in. `host` is user@host:port. */
export function loginProblem(error: unknown, host: string): Problem {
  if (error instanceof Problem) return error;
  const { level } = error as SshError;
  if (level === 'client-authentication') {
    return new Problem('source-refused', `The SSH host ${host} does not accept greenroom's key`, {
      where: host,
      remedy: 'Check the user, and that the public key is in its authorized_keys; the host’s own log says more.',
    });
  }
  if (level === 'agent') return agentProblem(host, messageOf(error));
  return new Problem('source-unreachable', `The SSH host ${host} cannot be reached: ${messageOf(error)}`, {
    where: host,
    remedy: 'Check host and port, that sshd runs, and that greenroom’s host may connect to it (VPN, firewall).',
  });
}

export function agentProblem(host: string, why: string): Problem {
  return new Problem('source-refused', `The SSH agent cannot be used for ${host}: ${why}`, {
    where: host,
    remedy: 'Start greenroom with the SSH_AUTH_SOCK of an agent that holds the key, or give a private key.',
  });
}

/** A host that is not who it was when its key was pinned. Not a word was said to it. */
export function hostKeyProblem(host: string, pinned: string, shown: { fingerprint: string; type: string }): Problem {
  return new Problem(
    'source-unreachable',
    `The SSH host ${host} was not trusted: its ${shown.type} key is ${shown.fingerprint}, the source's hostKey is ${pinned}`,
    {
      where: host,
      remedy: `Compare with ssh-keygen -lf on the host itself. If it has several keys, give the ${shown.type} one; if its key was changed on purpose, give the new one with PATCH of the source’s ssh; if not, somebody else is answering.`,
    },
  );
}

/** An SSH host does not open the way to what lies behind it. */
export function forwardProblem(error: unknown, host: string, server: string): Problem {
  // SSH_OPEN_ADMINISTRATIVELY_PROHIBITED of RFC 4254, 5.1.
  if ((error as SshError).reason === 1) {
    return new Problem('source-refused', `The SSH host ${host} does not let greenroom on to ${server}`, {
      where: host,
      remedy: 'Allow it there: AllowTcpForwarding and PermitOpen in sshd_config, and the key’s options.',
    });
  }
  return new Problem('source-unreachable', `The SSH host ${host} cannot reach ${server}: ${messageOf(error)}`, {
    where: server,
    remedy: 'Host and port are as seen from the SSH host: check them there.',
  });
}

/** The connection that everything went through is gone. */
export function sshCut(error: unknown, host: string): Problem {
  return new Problem('source-unreachable', `The SSH connection to ${host} broke in the middle: ${messageOf(error)}`, {
    where: host,
    remedy: 'Ask again. If it happens again, the log of its sshd says why, or a firewall cuts long connections.',
  });
}

/** A command on an SSH host that did not do what it should. @param exitCode null when it did not even begin, or was killed */
export function commandProblem(host: string, what: string, said: string, exitCode: number | null): Problem {
  const why =
    said.trim().split('\n')[0]!.slice(0, 300) || (exitCode === null ? 'it was ended' : `exit code ${exitCode}`);
  return new Problem('source-refused', `The SSH host ${host} does not give ${what}: ${why}`, {
    where: what,
    remedy: 'Check that it is there, and that the user may read it, has a shell, and may run commands with the key.',
  });
}
