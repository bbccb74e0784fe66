import type { Kind } from '../kind.ts';
import { email, url, username } from './accounts.ts';
import { date } from './date.ts';
import { constant, ip, nothing, uuid } from './identifiers.ts';
import { json } from './json.ts';
import { city, company, country, firstName, fullName, lastName, street } from './names.ts';
import { number } from './number.ts';
import { card, iban, phone, postcode, token } from './shaped.ts';
import { text } from './text.ts';

/** Every kind of mask, by the name that policies use. */
export const kinds: Record<string, Kind> = {
  full_name: fullName,
  first_name: firstName,
  last_name: lastName,
  email,
  phone,
  street,
  city,
  postcode,
  country,
  company,
  username,
  url,
  ip,
  iban,
  card,
  text,
  date,
  number,
  token,
  uuid,
  null: nothing,
  constant,
  json,
};
