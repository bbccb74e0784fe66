import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/**
 * Has this process, with all its threads and what it starts, leave no core dump: rows before they are masked and keys are in
 * its memory. The limit of size keeps a dump from being written, yet not from being handed to a program (core_pattern `|`); the
 * filter leaves all memory out of it there. By itself it is not enough: registers, with the 32 bytes that were
 * copied last, are always in a dump (core(5)).
 *
 * @returns false where one of the two cannot be set: on another system than Linux, without util-linux' prlimit
 */
export function leaveNoCores(): boolean {
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
    execFileSync('prlimit', ['--pid', String(process.pid), '--core=0:0'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
