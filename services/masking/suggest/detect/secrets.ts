import type { Detector } from './detector.ts';

/** What lets somebody in. */

export const jwt: Detector = {
  finding: 'secret',
  label: 'JSON web tokens',
  chance: 0,
  enough: 0.5,
  matches: (value) => {
    const header = /^(?:Bearer )?(eyJ[\w-]+)\.eyJ[\w-]+\.[\w-]*$/.exec(value)?.[1];
    return header !== undefined && Buffer.from(header, 'base64url').toString('latin1').includes('"alg"');
  },
};

/** Prefixes that providers give their keys so that they can be found where they should not be. */
const prefixes = new RegExp(
  `^(?:${[
    '(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}', // Stripe
    'whsec_[A-Za-z0-9+/=]{16,}',
    'gh[pousr]_[A-Za-z0-9]{20,}', // GitHub
    'github_pat_[A-Za-z0-9_]{20,}',
    'gl(?:pat|dt|rt|cbt|ptt)-[\\w-]{16,}', // GitLab
    '(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}', // AWS
    'AIza[\\w-]{35}', // Google
    'ya29\\.[\\w-]{20,}',
    'GOCSPX-[\\w-]{20,}',
    'xox[abeoprs]-[\\w-]{10,}', // Slack
    'xapp-[\\w-]{10,}',
    'SG\\.[\\w-]{16,}\\.[\\w-]{16,}', // SendGrid
    'npm_[A-Za-z0-9]{30,}',
    'pypi-[\\w-]{30,}',
    'dop_v1_[0-9a-f]{40,}', // DigitalOcean
    'sk-(?:ant-|proj-)?[\\w-]{20,}', // Anthropic, OpenAI
    'hf_[A-Za-z0-9]{30,}',
    'shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}', // Shopify
    'sq0(?:atp|csp)-[\\w-]{20,}', // Square
    'key-[0-9a-f]{32}', // Mailgun
    'hvs\\.[\\w-]{20,}', // Vault
    'AGE-SECRET-KEY-1[A-Z0-9]{50,}',
    'PMAK-[0-9a-f]{24}-[0-9a-f]{30,}',
    '-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\\s\\S]*',
    '[a-z][a-z0-9+.-]*://[^\\s/:@]*:[^\\s/@]+@\\S+', // a password in a URL
  ].join('|')})$`,
);

export const apiKey: Detector = {
  finding: 'secret',
  label: 'API keys by their known prefixes',
  chance: 0,
  enough: 0.5,
  matches: (value) => prefixes.test(value),
};

const hashes =
  /^(?:\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}|\$argon2(?:id|i|d)\$\S+|\$(?:scrypt|7)\$\S+|scrypt:\d+:\d+:\d+\$\S+|\$?pbkdf2[-_:](?:sha\d+|hmac)\S*[$:]\S+|\$(?:1|5|6|y|gy|apr1)\$\S+\$\S+|SCRAM-SHA-(?:1|256)\$\d+:\S+|\{S?SHA(?:256|512)?\}\S+|\{PBKDF2\S*\}\S+|(?:sha1|md5|bcrypt|bcrypt_sha256|argon2)\$\S+\$\S+)$/i;

export const passwordHash: Detector = {
  finding: 'password_hash',
  label: 'password hashes',
  chance: 0,
  enough: 0.5,
  // The longest of them have some 200 characters; a hostile text of thousands must not be searched for dollar signs.
  matches: (value) => value.length <= 512 && hashes.test(value),
};

/** Long, without spaces, and about as mixed as random characters of its alphabet: a token, a digest, a random id. */
export const opaque: Detector = {
  finding: 'opaque',
  label: 'random characters, as in tokens and digests',
  chance: 0.02,
  enough: 0.7,
  matches: (value) => {
    if (value.length < 16 || value.length > 1024 || !/^[\w+/=.~-]+$/.test(value)) return false;
    if (!/\d/.test(value) || !/[a-z]/i.test(value)) return false;
    const body = value.replace(/^[a-z]{2,8}[_-]/i, '');
    const isHexadecimal = /^[0-9a-f-]+$/i.test(body);
    const share = entropyOf(body) / Math.min(Math.log2(body.length), isHexadecimal ? 4 : 6);
    return share > (isHexadecimal ? 0.8 : 0.85) && (isHexadecimal || mixes(body));
  },
};

/** Shannon's, in bits a character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let entropy = 0;
  for (const count of counts.values()) entropy -= (count / text.length) * Math.log2(count / text.length);
  return entropy;
}

/** Changes between classes of characters often, which words and slugs do not. */
function mixes(text: string): boolean {
  const classOf = (character: string) => (/\d/.test(character) ? 0 : /[a-z]/.test(character) ? 1 : 2);
  let changes = 0;
  for (let index = 1; index < text.length; index++) if (classOf(text[index]!) !== classOf(text[index - 1]!)) changes++;
  return changes >= text.length / 4;
}
