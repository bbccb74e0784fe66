import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Detector } from '../services/masking/suggest/detect/detector.ts';
import { detectorsOf } from '../services/masking/suggest/detect/index.ts';
import { loadVocabulary } from '../services/masking/suggest/vocabulary.ts';

let detectors: readonly Detector[];

before(async () => {
  detectors = detectorsOf(await loadVocabulary());
});

const labelsOf = (value: string) => detectors.filter((one) => one.matches(value)).map(({ label }) => label);
/** Those that stand by themselves, without a name that agrees. */
const findingsOf = (value: string) => [
  ...new Set(detectors.filter((one) => one.chance < 0.3 && one.matches(value)).map(({ finding }) => finding)),
];

const examples: Record<string, string[]> = {
  email: [
    'anna@example.com',
    'Anna.Müller+shop@mail.example.co.uk',
    'o’brien@example.ie',
    'Anna Müller <anna@example.com>',
    'mailto:x@y.example',
    'josé@españa.example',
    'a@xn--mller-kva.xn--p1ai',
  ],
  phone: [
    '+49 30 901820',
    '+4930901820',
    '+1 (202) 555-0143',
    '+44 (0)20 7946 0958',
    '+91-98765-43210',
    '0049 30 901820',
    '(202) 555-0143',
    '202-555-0143',
    '202.555.0143 x12',
    '030 901820',
    '0151/2345678',
    '06 12 34 56 78',
    '(020) 7946 0958',
    '03-1234-5678',
  ],
  card: [
    '4111111111111111',
    '4111 1111 1111 1111',
    '5555-5555-5555-4444',
    '378282246310005',
    '6011111111111117',
    '2223003122003222',
    '3530111333300000',
    '6200000000000005',
  ],
  iban: [
    'DE89370400440532013000',
    'GB82 WEST 1234 5698 7654 32',
    'FR1420041010050500013M02606',
    'NL91ABNA0417164300',
    'NO9386011117947',
    'CH93 0076 2011 6238 5295 7',
    'MT84MALT011000012345MTLCAST001S',
    'pl61109010140000071219812874',
  ],
  ip: ['192.168.0.1', '203.0.113.77', '10.0.0.200/24', '2001:db8::1', 'fe80::1', '::ffff:192.0.2.1', '[2001:db8::8]'],
  mac: ['00:1B:44:11:3A:B7', '00-1b-44-11-3a-b7', '001b.4411.3ab7'],
  url: [
    'https://example.com/~anna',
    'http://10.0.0.1:8080/x?y=1',
    'ftp://files.example/a',
    'www.example.org/path',
    's3://bucket/key',
  ],
  uuid: ['7f3c1a52-9d1e-4c52-8f1d-2a9b1c3d4e5f', '{7F3C1A52-9D1E-4C52-8F1D-2A9B1C3D4E5F}'],
  secret: [
    'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
    ['sk', 'live', '4eC39HqLyjWDarjtT1zdp7dc'].join('_'),
    ['ghp', '16C7e42F292c6912E7710c838347Ae178B4a'].join('_'),
    `AKIA${'IOSFODNN7EXAMPLE'}`,
    ['xoxb', '123456789012', 'abcdefghijklm'].join('-'),
    ['glpat', 'x1y2z3a4b5c6d7e8f9g0'].join('-'),
    `-----BEGIN RSA PRIVATE KEY-----\nMIIE`,
    'postgres://app:hunter2@db.internal:5432/app',
  ],
  password_hash: [
    '$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW',
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG',
    'pbkdf2_sha256$260000$salt$YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo=',
    '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E',
    'scrypt:32768:8:1$salt$0123456789abcdef',
    '$6$rounds=5000$usesomesillystri$D4IrlXatmP7rx3P3InaxBeoomnAihCKRVQAr/36eYOU9',
    '{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr',
    'SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy',
  ],
  street: [
    '221B Baker Street',
    '12 Main St, Springfield',
    'Königstraße 12a',
    'Hauptstr. 5',
    '14 rue de la Paix',
    'Via Roma 7',
    'Calle de Alcalá, 45',
    'Keizersgracht 126',
    'ul. Długa 12/4',
    'Storgatan 3',
    'Nørregade 10',
  ],
  postcode: ['SW1A 1AA', 'EC1A1BB', 'K1A 0B1', '1012 AB', '12345-6789', 'D-10115', '00-950', '01310-100'],
  country: ['Germany', 'Deutschland', 'France', 'España', 'Italia'],
  full_name: [
    'Anna Schmidt',
    'Dr. Hans Müller',
    'Marie-Claire Dubois',
    'Jan van den Berg',
    'Giulia Rossi',
    'José García',
    'Smith, John',
    'Piotr Kowalski',
    'Lakshmi Sharma',
  ],
  company: [
    'Acme Inc',
    'Müller & Söhne GmbH',
    'Dupont S.A.R.L',
    'Rossi S.p.A.',
    'Jansen B.V.',
    'Nordisk A/S',
    'Kowalski Sp. z o.o.',
    'Tata Pvt Ltd',
    'Blue Sky, LLC',
  ],
  username: ['@calm_otter'],
  opaque: [
    '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'pay_4f1bA9x8Qq2Lw7Zk0dRt',
    'V1StGXR8_Z5jdHi6B-myT',
  ],
};

for (const [finding, values] of Object.entries(examples)) {
  test(`${finding}: ${values.length} forms are told`, () => {
    for (const value of values)
      assert.ok(findingsOf(value).includes(finding as never), `${value}: ${findingsOf(value)}`);
  });
}

const ids: Record<string, string[]> = {
  'US social security numbers': ['536-90-4399'],
  'UK national insurance numbers': ['AB 12 34 56 C', 'JG103759A'],
  'German tax ids': ['86095742719', '47036892816', '65929970489'],
  'French social security numbers': ['255081416802538', '1 84 12 76 451 089 46'],
  'Spanish DNI and NIE numbers': ['12345678Z', 'X1234567L'],
  'Italian fiscal codes': ['RSSMRA85T10A562S'],
  'Dutch citizen service numbers': ['111222333', '123456782'],
  'Belgian national numbers': ['85.07.30-033.28', '17073003384'],
  'Polish PESEL numbers': ['44051401359', '02070803628'],
  'Swedish personal numbers': ['811218-9876', '19811218-9876'],
  'Danish CPR numbers': ['211062-5629'],
  'Finnish personal codes': ['131052-308T'],
  'Norwegian birth numbers': ['15108695088'],
  'Portuguese tax numbers': ['123456789'],
  'Swiss AHV numbers': ['756.9217.0769.85'],
  'Brazilian CPF numbers': ['390.533.447-05', '11144477735'],
  'Mexican CURP codes': ['BOXW310820HNERXN09'],
  'Indian Aadhaar numbers': ['2341 2341 2346'],
  'Chinese resident ids': ['11010519491231002X'],
  'Korean resident numbers': ['830422-1185600'],
  'South African ids': ['8001015009087'],
  'Turkish identity numbers': ['10000000146'],
  'Australian tax file numbers': ['123 456 782'],
};

for (const [label, values] of Object.entries(ids)) {
  test(`${label} are told, and a wrong check digit is seen`, () => {
    for (const value of values) {
      assert.ok(labelsOf(value).includes(label), `${value}: ${labelsOf(value)}`);
      if (/^(US|UK|Danish|Korean)/.test(label)) continue;
      const last = value.at(-1)!;
      const other = /\d/.test(last) ? String((Number(last) + 1) % 10) : last === 'A' ? 'B' : 'A';
      assert.ok(!labelsOf(value.slice(0, -1) + other).includes(label), `${value} with another last character`);
    }
  });
}

describe('what only looks like it', () => {
  const traps: Record<string, string[]> = {
    'a version is no address, of mail or of a machine': [
      '1.2.3.4',
      '10.4.2.1',
      'left-pad@1.3.0',
      '@scope/package@2.0.0',
      'v2.10.0-rc.1',
    ],
    'times and dates': [
      '12:30:45',
      '2024-01-02',
      '2024-01-02 10:11:12+00',
      '02.01.2024',
      '2024/12/31',
      '20240102',
      '01-02-2024',
    ],
    'prices and numbers': ['1,234.50', '19.99', '€ 12.00', '100000', '-12.5', '1e10', '007'],
    'sixteen digits that are no card': [
      '1234567890123456',
      '9999999999999999',
      '0000000000000000',
      '4111111111111112',
      '1000200030004000',
    ],
    'hexadecimal ids of databases': ['507f1f77bcf86cd7'.slice(0, 12), 'deadbeef', 'a1b2c3d4', '0x1f'],
    'zero padded order numbers': ['0000012345', '00123456789', 'ORD-2024-000123', 'INV/2024/0001', '2024-0001234'],
    'words of lists': ['open', 'grant', 'will', 'may', 'IN_PROGRESS', 'high', 'utf-8', 'en-GB', 'application/json'],
    'slugs and paths': [
      'how-to-write-a-good-policy',
      'order.item.created',
      '/var/log/messages',
      'src/main.rs',
      'deliver-to-neighbour-or-shop',
    ],
    'what has the form of an IBAN but not its check digits': ['DE89370400440532013001', 'XX00ABCD12345678901'],
    'a base64 header that is no token': ['eyJhIjoxfQ.x.y', 'eyJ'],
    'domains and mentions without the rest': ['example.com', 'anna@', '@', 'user@localhost', 'a @ b . c'],
  };
  for (const [what, values] of Object.entries(traps)) {
    test(what, () => {
      for (const value of values) assert.deepEqual(findingsOf(value), [], value);
    });
  }
});
