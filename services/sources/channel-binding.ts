import { Transform } from 'node:stream';

const plus = 'SCRAM-SHA-256-PLUS';
const authenticationSasl = 10;

/**
 * Takes channel binding out of what a server offers at login: it binds a login to the TLS connection, which ends in
 * greenroom, and libpq gives up where it is offered without TLS. The rest passes as it is.
 */
export function withoutChannelBinding(): Transform {
  let start: Buffer | undefined = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (!start) return done(null, chunk);
      start = Buffer.concat([start, chunk]);
      const whole = start.length >= 5 && start.length > start.readInt32BE(1);
      if (!whole) return done();
      const first = start;
      start = undefined;
      done(null, withoutPlus(first));
    },
    flush(done) {
      done(null, start);
    },
  });
}

/** AuthenticationSASL: `R`, length, 10, names of mechanisms that each end in NUL, NUL. */
function withoutPlus(bytes: Buffer): Buffer {
  const end = 1 + bytes.readInt32BE(1);
  if (bytes[0] !== 0x52 || end < 9 || bytes.readInt32BE(5) !== authenticationSasl) return bytes;
  const names = bytes.subarray(9, end).toString('latin1').split('\0');
  const left = Buffer.from(names.filter((name) => name !== plus).join('\0'), 'latin1');
  const head = Buffer.from(bytes.subarray(0, 9));
  head.writeInt32BE(8 + left.length, 1);
  return Buffer.concat([head, left, bytes.subarray(end)]);
}
