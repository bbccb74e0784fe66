/**
 * Memory that the threads of one capture share, and that the next capture has after it. V8 counts it as nobody's, so that
 * it sees no reason to collect what captures leave behind: four of them left 117 MB.
 */
const idle: SharedArrayBuffer[] = [];
/** One capture's filter and phrases. */
const mostIdle = 2;

/** All zeros. It may be larger than asked for. */
export function takeSharedMemory(bytes: number): SharedArrayBuffer {
  const fitting = idle.filter(({ byteLength }) => byteLength >= bytes).sort((a, b) => a.byteLength - b.byteLength);
  const [memory] = fitting;
  if (!memory) return new SharedArrayBuffer(bytes);
  idle.splice(idle.indexOf(memory), 1);
  return memory;
}

/** Once no thread uses it any more. */
export function returnSharedMemory(memory: SharedArrayBuffer): void {
  new Uint8Array(memory).fill(0);
  idle.push(memory);
  idle.sort((a, b) => b.byteLength - a.byteLength).splice(mostIdle);
}
