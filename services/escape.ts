/** Names in a user's database may hold anything; these make text of them in what greenroom writes for people. */

/** One piece of an HTML page's text or of a quoted attribute. */
export function html(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** One cell or line of Markdown: no table, HTML, link or mention of its own. */
export function markdownCell(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replace(/[|*_`[\]~]/g, '\\$&')
    .replaceAll('<', '&lt;')
    .replaceAll('@', '@\u200b')
    .replace(/\s+/g, ' ');
}

/** Shows what cannot be seen: control characters, and those that turn the direction of the text around them. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
