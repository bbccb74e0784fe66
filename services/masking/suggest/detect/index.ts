import type { Vocabulary } from '../vocabulary.ts';
import { bareNationalPhone, email, handle, internationalPhone, nationalPhone, url } from './contact.ts';
import type { Detector } from './detector.ts';
import { card, iban } from './money.ts';
import { nationalIds } from './national-ids.ts';
import { ip, mac, uuid } from './network.ts';
import { company, firstName, fullName, lastName } from './people.ts';
import { city, country, postcode, street } from './places.ts';
import { apiKey, jwt, opaque, passwordHash } from './secrets.ts';

/** Every detector; of those that a column passes the first one counts. */
export function detectorsOf(vocabulary: Vocabulary): readonly Detector[] {
  return [
    ...[jwt, apiKey, passwordHash, email, uuid, iban, mac, ip, url],
    ...[card, internationalPhone, ...nationalIds, nationalPhone, street, postcode, company],
    ...[country(vocabulary), fullName(vocabulary), firstName(vocabulary), lastName(vocabulary), city(vocabulary)],
    ...[handle, bareNationalPhone, opaque],
  ];
}

/** What is told apart from other words in the middle of a text, too. */
export const withinText: readonly Detector[] = [
  jwt,
  apiKey,
  passwordHash,
  email,
  uuid,
  iban,
  mac,
  ip,
  url,
  card,
  internationalPhone,
];
