import type { Mask } from '../kind.ts';
import { createSink } from '../rows/sink.ts';

/** A mask as a function of strings, for parts of values that are parsed: elements, fields, bounds. Empty stays empty. */
export function ofStrings(mask: Mask): (value: string) => string {
  const sink = createSink(256);
  return (value) => {
    if (value === '') return '';
    const bytes = Buffer.from(value);
    sink.at = 0;
    mask(bytes, 0, bytes.length, sink);
    return sink.bytes.toString('utf8', 0, sink.at);
  };
}
