import { Readable } from 'node:stream';
import type pg from 'pg';

/** https://www.postgresql.org/docs/17/protocol-message-formats.html; each is followed by four bytes of length, their own four counted. */
const type = { copyData: 0x64, copyDone: 0x63, copyOut: 0x48, notice: 0x4e, notification: 0x41, parameter: 0x53 };
const passedOver = new Set([type.copyOut, type.notice, type.notification, type.parameter]);
const headBytes = 5;

/** What came last was no whole row. */
export class CutRow extends Error {}

/**
 * Gives each row of a chunk of CopyOut's in the text format: from `start` on, its newline included, to `end`.
 * @throws CutRow where a message is none
 */
export function eachRow(chunk: Buffer, onRow: (start: number, end: number) => void): void {
  for (let at = 0; at < chunk.length; ) {
    const end = endOfMessage(chunk, at);
    if (chunk[end - 1] !== 0x0a) throw new CutRow(cut);
    onRow(at + headBytes, end);
    at = end;
  }
}

/**
 * Gives what each message of a chunk of CopyOut's holds.
 * @throws CutRow where one is none
 */
export function eachMessage(chunk: Buffer, onMessage: (start: number, end: number) => void): void {
  for (let at = 0; at < chunk.length; ) {
    const end = endOfMessage(chunk, at);
    onMessage(at + headBytes, end);
    at = end;
  }
}

const cut = 'The rows end in the middle of one';
const endOf = (bytes: Buffer, at: number) => at + 1 + bytes.readUInt32BE(at + 1);

function endOfMessage(chunk: Buffer, at: number): number {
  const end = endOf(chunk, at);
  if (end <= at + headBytes || end > chunk.length) throw new CutRow(cut);
  return end;
}

type ToClient = (bytes: Buffer) => void;
const nothing = Buffer.alloc(0);

/** What of a connection's socket matters. */
type Connection = pg.Connection & { stream: NodeJS.ReadableStream; query(sql: string): void };

/**
 * A query, for `client.query`, that reads COPY … TO STDOUT. Its chunks are whole messages as they came from the server,
 * which sends each row as one (https://www.postgresql.org/docs/17/protocol-flow.html#PROTOCOL-COPY); `eachRow` finds them in
 * the text format, `eachMessage` in any. So nothing is made for each row, as pg-copy-streams does of its messages, nor its end
 * looked for once more: together a third of what it takes to read a row of 200 bytes.
 */
export class CopyOut extends Readable {
  /** Right once the server has said so, which it does after the last of them. */
  rowCount: number | null = null;
  readonly #sql: string;
  #connection: Connection | undefined;
  /** What gives messages to the client at other times. */
  #toClient: ToClient | undefined;
  /** Of a message that has not come whole: joined once, so that a row of 100 MB is not copied for each of its chunks. */
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #neededBytes = headBytes;
  #wanted = false;
  #forwarding = false;
  #isDone = false;
  readonly #onReadable = () => this.#forward();

  constructor(sql: string) {
    super();
    this.#sql = sql;
  }

  submit(connection: pg.Connection): void {
    this.#connection = connection as Connection;
    const { stream } = this.#connection;
    const [toClient] = stream.listeners('data') as ToClient[];
    this.#toClient = toClient;
    stream.off('data', toClient!);
    stream.pause();
    stream.on('readable', this.#onReadable);
    this.#connection.query(this.#sql);
  }

  override _read(): void {
    this.#wanted = true;
    this.#forward();
  }

  /** Its connection is of no use any more: nobody takes the rest. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#wanted = false;
    done(error);
  }

  #forward(): void {
    // Who is given a chunk may ask for the next one before this one is done with.
    if (this.#forwarding) return;
    this.#forwarding = true;
    while (this.#wanted && this.#toClient) {
      const chunk = this.#connection!.stream.read() as Buffer | null;
      if (chunk === null) break;
      this.#take(chunk);
    }
    this.#forwarding = false;
  }

  /** Joins what a chunk has of a message that was cut, and no more: the rest of it is read where it is. */
  #take(chunk: Buffer): void {
    if (this.#begunBytes === 0) {
      this.#read(chunk);
      return;
    }
    const missing = this.#neededBytes - this.#begunBytes;
    this.#begun.push(chunk.subarray(0, missing));
    this.#begunBytes += Math.min(missing, chunk.length);
    if (chunk.length < missing) return;
    const message = Buffer.concat(this.#begun);
    const rest = chunk.subarray(missing);
    // Its length was not known yet.
    if (endOf(message, 0) > message.length) {
      this.#keep(message);
      this.#take(rest);
      return;
    }
    this.#keep(nothing);
    const toClient = this.#read(message);
    if (toClient) toClient(rest);
    else this.#read(rest);
  }

  /** @returns what is given what follows, where the rows are over. */
  #read(bytes: Buffer): ToClient | undefined {
    let from = 0;
    let at = 0;
    while (bytes.length - at >= headBytes) {
      const end = endOf(bytes, at);
      if (bytes[at] === type.copyData) {
        if (end > bytes.length) break;
        at = end;
        continue;
      }
      this.#give(bytes, from, at);
      if (!passedOver.has(bytes[at]!)) {
        return this.#end(bytes, at);
      }
      from = at;
      if (end > bytes.length) break;
      at = end;
      from = at;
    }
    this.#give(bytes, from, at);
    // A copy where it is little, so that it does not keep a large row in memory.
    this.#keep(Buffer.from(bytes.subarray(at)));
    return undefined;
  }

  /** Of the message that is to be read next. */
  #keep(begun: Buffer): void {
    this.#begun = begun.length > 0 ? [begun] : [];
    this.#begunBytes = begun.length;
    this.#neededBytes = begun.length < headBytes ? headBytes : endOf(begun, 0);
  }

  #give(bytes: Buffer, from: number, to: number): void {
    if (to > from) this.#wanted = this.push(bytes.subarray(from, to));
  }

  /** Leaves the connection to the client again: what says that the rows are over, or an error, is for it. */
  #end(bytes: Buffer, at: number): ToClient {
    this.#isDone = bytes[at] === type.copyDone;
    const toClient = this.#detach()!;
    const { stream } = this.#connection!;
    stream.on('data', toClient);
    toClient(bytes.subarray(this.#isDone ? at + headBytes : at));
    // It may have been paused again meanwhile.
    process.nextTick(() => stream.resume());
    if (this.#isDone) this.push(null);
    return toClient;
  }

  #detach() {
    const toClient = this.#toClient;
    this.#toClient = undefined;
    this.#connection?.stream.off('readable', this.#onReadable);
    return toClient;
  }

  /** What follows is called by the client: of an error, or that the connection is lost. */
  handleError(error: Error): void {
    this.#detach();
    this.destroy(error);
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.rowCount = Number(/^COPY (\d+)/.exec(text)?.[1] ?? 0);
  }

  handleReadyForQuery(): void {
    if (!this.#isDone) this.handleError(new CutRow('The server has not said that the rows are over'));
  }
}
