import { isIP } from 'node:net';
import type { Detector } from './detector.ts';

/** What machines are told apart by. */

/** A version with four numbers is an address in form, too; one that counts a number beyond 31 is rare. */
function isNoVersion(address: string): boolean {
  return address.split('.').some((part) => Number(part) > 31);
}

export const ip: Detector = {
  finding: 'ip',
  label: 'IP addresses',
  chance: 0,
  enough: 0.6,
  matches: (value) => {
    const [address = '', prefix] = value.replace(/^\[(.*)\]$/, '$1').split('/');
    if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return false;
    const version = isIP(address);
    return version === 6 ? address !== '::' : version === 4 && isNoVersion(address);
  },
};

export const mac: Detector = {
  finding: 'mac',
  label: 'MAC addresses',
  chance: 0,
  enough: 0.7,
  matches: (value) =>
    /^[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){5}|(?::[0-9a-f]{2}){7})$/i.test(value) ||
    (/^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$/i.test(value) && /[a-f]/i.test(value)),
};

export const uuid: Detector = {
  finding: 'uuid',
  label: 'UUIDs',
  chance: 0,
  enough: 0.7,
  matches: (value) => /^[{(]?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}[})]?$/i.test(value),
};
