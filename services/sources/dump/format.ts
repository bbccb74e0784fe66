import { dumpInvalid, makeCustom } from './errors.ts';

/** pg_dump's tar format is its directory format as a tar archive: it has the same files. */
export type DumpFormat = 'custom' | 'directory' | 'plain';

/** What has to be seen of a file to know what it is: a block of a tar archive. */
export const headBytes = 512;

/** By the first bytes. `gzip` and `zstd` have to be unpacked to know more. @throws Problem `dump-invalid` for what is no dump */
export function formatOf(head: Buffer): DumpFormat | 'gzip' | 'zstd' {
  if (head.readUInt16BE(0) === 0x1f8b) return 'gzip';
  if (head.readUInt32LE(0) === 0xfd2fb528) return 'zstd';
  const text = head.toString('latin1');
  if (text.startsWith('PGDMP')) return 'custom';
  if (text.slice(257, 262) === 'ustar') return 'directory';
  if (text.includes('-- PostgreSQL database cluster dump')) {
    throw dumpInvalid('it is of a whole cluster (pg_dumpall)', 'Make it with pg_dump of the one database.');
  }
  if (text.includes('-- PostgreSQL database dump')) return 'plain';
  throw dumpInvalid('it begins as none that pg_dump writes', makeCustom);
}
