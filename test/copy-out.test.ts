import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, test } from 'node:test';
import pg from 'pg';
import { CopyOut, CutRow, eachRow } from '../services/sources/copy-out.ts';

const message = (type: string, body: Buffer | string = '') => {
  const content = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeUInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
};
const begin = message('H', Buffer.of(0, 0, 1, 0, 0));
const row = (text: string) => message('d', `${text}\n`);
const notice = message('N', 'SNOTICE\0Mby the way\0\0');
const failure = message('E', 'SERROR\0C22012\0Mdivision by zero\0\0');
const ready = message('Z', 'I');
const end = (rows: number) => Buffer.concat([message('c'), message('C', `COPY ${rows}\0`), ready]);

/** What a client reads from a server that answers with these bytes, so many in a packet. */
async function read(
  answer: Buffer,
  packetBytes: number,
  cut = false,
): Promise<{ rows: string[]; count: number | null }> {
  const server = net.createServer(async (socket) => {
    socket.on('error', () => {});
    socket.setNoDelay();
    await once(socket, 'data');
    socket.write(Buffer.concat([message('R', Buffer.alloc(4)), ready]));
    await once(socket, 'data');
    for (let at = 0; at < answer.length; at += packetBytes) {
      socket.write(answer.subarray(at, at + packetBytes));
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (cut) socket.destroy();
    // What the client asks for next.
    socket.on('data', () => socket.write(Buffer.concat([message('C', 'SELECT 0\0'), ready])));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'reader', database: 'shop' });
  client.on('error', () => {});
  try {
    await client.connect();
    const copy = client.query(new CopyOut('COPY t TO STDOUT'));
    const rows: string[] = [];
    const failed = (async () => {
      for await (const chunk of copy as AsyncIterable<Buffer>)
        eachRow(chunk, (from, to) => rows.push(chunk.toString('utf8', from, to - 1)));
    })();
    const error = await failed.then(
      () => undefined,
      (reason) => reason,
    );
    if (!cut) await client.query('SELECT');
    if (error) throw error;
    return { rows, count: copy.rowCount };
  } finally {
    await client.end().catch(() => {});
    server.close();
  }
}

describe('rows of COPY', () => {
  const texts = ['a\tb', '', '\\N', 'ü'.repeat(300), 'last'];
  const whole = Buffer.concat([begin, ...texts.slice(0, 2).map(row), notice, ...texts.slice(2).map(row), end(5)]);

  for (const bytes of [1, 2, 3, 5, 7, 64, 1 << 16]) {
    test(`come whole, ${bytes} bytes in a packet, whatever else the server says between them`, async () => {
      assert.deepEqual(await read(whole, bytes), { rows: texts, count: 5 });
    });
  }

  test('may be larger than any packet', async () => {
    const large = 'x'.repeat(3 << 20);
    const answer = Buffer.concat([begin, row('before'), row(large), row('after'), end(3)]);
    const { rows } = await read(answer, 60_000);
    assert.deepEqual(
      rows.map((text) => text.length),
      [6, large.length, 5],
    );
  });

  test('may be none', async () => {
    assert.deepEqual(await read(Buffer.concat([begin, end(0)]), 4), { rows: [], count: 0 });
  });

  for (const bytes of [1, 6, 1 << 16]) {
    test(`end with what the server says is wrong, ${bytes} bytes in a packet, and its session goes on`, async () => {
      const answer = Buffer.concat([begin, row('one'), failure, ready]);
      await assert.rejects(read(answer, bytes), { code: '22012', message: 'division by zero' });
      await assert.rejects(read(Buffer.concat([failure, ready]), bytes), { code: '22012' });
    });
  }

  test('end with the connection', async () => {
    for (const part of [row('one').subarray(0, 7), row('one'), Buffer.alloc(0)])
      await assert.rejects(read(Buffer.concat([begin, row('zero'), part]), 1 << 16, true), /terminated|ECONNRESET/);
  });

  test('that the server never says are over fail', async () => {
    const answer = Buffer.concat([begin, row('one'), message('C', 'COPY 1\0'), ready]);
    await assert.rejects(read(answer, 1 << 16), CutRow);
  });

  test('that are none fail', () => {
    for (const bytes of [
      message('d', 'no end'),
      message('d'),
      Buffer.from('d\0\0\0\0\n'),
      message('d', 'a\n').subarray(0, 6),
    ])
      assert.throws(() => eachRow(bytes, () => {}), CutRow);
  });
});
