/**
 * What a plain (unquoted) YAML scalar means to Compose. Compose reads YAML with go-yaml v3, which is neither YAML 1.1
 * nor 1.2: `yes` and `on` are strings, `0440` is octal, `1_000` is a thousand, a date is kept as it is written.
 * Source: go-yaml v3 `resolve.go`; the results were compared with `docker compose config`.
 */
export function resolvePlain(source: string): null | boolean | number | string {
  switch (source) {
    case '':
    case '~':
    case 'null':
    case 'Null':
    case 'NULL':
      return null;
    case 'true':
    case 'True':
    case 'TRUE':
      return true;
    case 'false':
    case 'False':
    case 'FALSE':
      return false;
  }
  if (/^[-+]?\.(inf|Inf|INF)$/.test(source)) return source.startsWith('-') ? '-Inf' : '+Inf';
  if (/^\.(nan|NaN|NAN)$/.test(source)) return 'NaN';
  if (!/^[-+.0-9]/.test(source) || source.length > 100) return source;
  return resolveInteger(source) ?? resolveFloat(source) ?? source;
}

/** An integer that a JS number cannot hold stays text, so that no digit of an identifier is lost. */
function resolveInteger(source: string): number | string | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]*|[1-9][0-9_]*)$/.exec(source);
  if (!match) return undefined;
  let digits = (match[2] ?? '').replaceAll('_', '');
  if (/^0[0-7]+$/.test(digits)) digits = `0o${digits.slice(1)}`;
  if (/^0[xXbBoO]$/.test(digits)) return undefined;
  const value = match[1] === '-' ? -BigInt(digits) : BigInt(digits);
  if (value > 18_446_744_073_709_551_615n || value < -9_223_372_036_854_775_808n) return goFloat(Number(value));
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value.toString();
}

function resolveFloat(source: string): number | string | undefined {
  const plain = source.replaceAll('_', '');
  if (!/^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(plain)) return undefined;
  const value = Number(plain);
  if (!Number.isFinite(value)) return source;
  const text = goFloat(value);
  return text === String(value) ? value : text;
}

/** Go's `%v` of a float64: `1e+06`, `1e-05`; the text an environment variable gets. */
function goFloat(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
