/**
 * What threads have sent and nobody has taken yet, of all of them together: messages queue without a bound, and a disk that
 * is slower than the search would fill the memory with them. Shared by all threads.
 */
export interface InFlight {
  /** Waits, the thread blocked, until there is room for more. Not for the main thread. */
  send(bytes: number): void;
  taken(bytes: number): void;
}

/** Two or three batches of candidates. */
const mostBytes = 8 << 20;

export function inFlightMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(4);
}

export function createInFlight(memory: SharedArrayBuffer): InFlight {
  const cells = new Int32Array(memory);
  return {
    send: (bytes) => {
      for (let waiting = Atomics.load(cells, 0); waiting > mostBytes; waiting = Atomics.load(cells, 0))
        Atomics.wait(cells, 0, waiting);
      Atomics.add(cells, 0, bytes);
    },
    taken: (bytes) => {
      Atomics.sub(cells, 0, bytes);
      Atomics.notify(cells, 0);
    },
  };
}
