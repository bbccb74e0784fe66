/** The parts of a volume's short form, `[SOURCE:]TARGET[:MODE]`. */
export interface VolumeText {
  source?: string;
  target: string;
  options: string[];
}

/**
 * Splits a volume's short form; undefined when it is not one (an empty part, too many colons). A Windows path keeps the
 * colon of its drive, and is refused later as a path. Source: compose-go `format/volume.go`, which however takes every
 * single letter for a drive; here `v:/data` is the volume v.
 */
export function splitVolume(text: string): VolumeText | undefined {
  const parts = text.split(':');
  if (/^[A-Za-z]:(\\|\/[^:]*:\/)/.test(text)) parts.splice(0, 2, `${parts[0]}:${parts[1]}`);
  if (parts.length > 3 || parts.some((part) => part === '')) return undefined;
  const [first = '', second, options] = parts;
  if (second === undefined) return { target: first, options: [] };
  return { source: first, target: second, options: options?.split(',') ?? [] };
}

/** Whether the source of a short form is a path, not a volume's name. */
export function isPath(source: string): boolean {
  return /^[./~\\]|^[A-Za-z]:/.test(source);
}
