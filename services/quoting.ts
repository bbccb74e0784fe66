/** Identifiers and literals by the SQL standard's rules; backslashes are plain with standard_conforming_strings on. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
