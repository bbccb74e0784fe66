import { Duplex } from 'node:stream';

/**
 * A channel of ssh2 as a stream that keeps to Node's rules. The channel itself does not: to destroy it is to ask the other
 * side to close it, it never closes while something in it is unread, and what is written after its end is never answered.
 */
export function streamOf(channel: Duplex): Duplex {
  const stream = new Duplex({
    // Postgres never goes on reading after it has stopped to write.
    allowHalfOpen: false,
    read: () => void channel.resume(),
    write(chunk, _encoding, done) {
      if (channel.write(chunk)) done();
      else channel.once('drain', () => done());
    },
    final(done) {
      channel.end();
      done();
    },
    destroy(error, done) {
      channel.destroy();
      channel.resume();
      done(error);
    },
  });
  channel.on('data', (chunk) => {
    if (!stream.destroyed && !stream.push(chunk)) channel.pause();
  });
  channel.once('end', () => stream.destroyed || stream.push(null));
  channel.once('error', (error) => stream.destroy(error));
  return stream;
}
