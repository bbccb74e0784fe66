import { Transform } from 'node:stream';
import { UnreadableRow } from '../../masking/rows/binary-row.ts';
import type { RowMask } from '../../masking/rows/row.ts';
import { createSink } from '../../masking/rows/sink.ts';
import { CutRow, eachMessage, eachRow } from '../../sources/copy-out.ts';

const newline = 0x0a;
/** Written on in pieces of this size: one write a row costs more than masking it. */
const batchBytes = 64 << 10;
/** With room for the row that is one too many. */
const sinkBytes = batchBytes + (16 << 10);

/** Masks rows into batches, and pushes on each that is full. */
function inBatches(mask: RowMask, onBytes: (bytes: number) => void) {
  let out = createSink(sinkBytes);
  const flush = (stream: Transform) => {
    if (out.at === 0) return;
    onBytes(out.at);
    stream.push(out.bytes.subarray(0, out.at));
    out = createSink(sinkBytes);
  };
  const row = (stream: Transform, bytes: Buffer, start: number, end: number) => {
    mask(bytes, start, end, out);
    if (out.at >= batchBytes) flush(stream);
  };
  return { row, flush };
}

/** Masks rows of the text format in chunks of CopyOut's. */
export function maskMessages(mask: RowMask, onBytes: (bytes: number) => void): Transform {
  const { row, flush } = inBatches(mask, onBytes);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        eachRow(chunk, (start, end) => row(this, chunk, start, end));
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      flush(this);
      done();
    },
  });
}

/** What rows begin with in the binary format: a signature, flags and the length of what may follow, which is none. */
const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
/** What they end with, where a row has the number of its fields. */
const trailer = Buffer.of(0xff, 0xff);

/** Masks rows of the binary format in chunks of CopyOut's: the header comes with the first row, the trailer by itself. */
export function maskBinary(mask: RowMask, onBytes: (bytes: number) => void): Transform {
  const { row, flush } = inBatches(mask, onBytes);
  let begun = false;
  let ended = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        eachMessage(chunk, (from, end) => {
          let start = from;
          if (!begun) {
            begun = true;
            start += header.length;
            if (!holds(chunk, from, start, header)) throw new UnreadableRow();
            this.push(header);
          }
          if (ended) throw new UnreadableRow();
          if (holds(chunk, start, end, trailer)) ended = true;
          else if (start < end) row(this, chunk, start, end);
        });
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      if (!ended) return done(new CutRow('The rows end before the last one'));
      flush(this);
      this.push(trailer);
      done();
    },
  });
}

function holds(bytes: Buffer, start: number, end: number, what: Buffer): boolean {
  return end - start === what.length && end <= bytes.length && what.compare(bytes, start, end) === 0;
}

/** Masks rows in other chunks, which do not align to rows; COPY's text format escapes newlines in values, so a bare one ends a row. */
export function maskText(mask: RowMask, onBytes: (bytes: number) => void): Transform {
  const { row, flush } = inBatches(mask, onBytes);
  // A row's beginning, in pieces: joined once, so that a row of 100 MB is not copied for each of its thousand chunks.
  let begun: Buffer[] = [];
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (!chunk.includes(newline)) {
        begun.push(chunk);
        return done();
      }
      const bytes = begun.length > 0 ? Buffer.concat([...begun, chunk]) : chunk;
      begun = [];
      let start = 0;
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
        row(this, bytes, start, end + 1);
        start = end + 1;
      }
      // A copy where it is little, so that it does not keep a large row in memory.
      if (start < bytes.length) begun = [Buffer.from(bytes.subarray(start))];
      done();
    },
    flush(done) {
      // A row is masked whole, so what there is of one is not let through.
      if (begun.length > 0) return done(new CutRow('The rows end in the middle of one'));
      flush(this);
      done();
    },
  });
}
