import { districtCentre, type Location } from '../addresses/district-centres.ts';
import type { Settlement } from '../addresses/rows.ts';
import { type Random, randomAt, type Seed, seedOf, streams } from './random.ts';

/** Ten thousandths of a degree: some ten metres. */
const parts = 10_000;
/** How far from the centre of its district a small settlement may lie, and an address from its settlement's centre. */
const settlement_spread = 1_200;
const address_spread = 250;

/**
 * A place on the map for a division: near the centre of its settlement, which is a city in the middle of its district, or a
 * smaller place around it, always the same one. Nothing where the district's place is not known.
 */
export function locationOf(seed: Seed, settlement: Settlement, index: number): Location | undefined {
  const centre = districtCentre(settlement.katottg);
  if (!centre) return undefined;
  const around = randomAt(seedOf(settlement.katottg), streams.location, 0);
  const beside = settlement.type === 'CITY' ? centre : moved(centre, around, settlement_spread);
  return moved(beside, randomAt(seed, streams.location, index), address_spread);
}

/** Degrees of longitude are shorter up here by a third. */
function moved({ latitude, longitude }: Location, random: Random, spread: number): Location {
  const step = (by: number) => random.between(-by, by);
  const add = (degrees: number, change: number) => (Math.round(degrees * parts) + change) / parts;
  return {
    latitude: add(latitude, step(spread)),
    longitude: add(longitude, step(Math.floor((spread * 3) / 2))),
  };
}
