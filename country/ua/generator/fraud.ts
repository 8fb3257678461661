import { randomAt, seedOf, streams } from './random.ts';

/** One declaration of a labelled case, as reports see it. */
export type PlantedDeclaration = {
  birth_date: string;
  /** Hours before the moment at which the country is seen. */
  begun_hours_ago: number;
  /** The civil hour at which it began, where that is the point. */
  begun_at_hour?: number;
  deceased_days_ago?: number;
  phone_fanout: number;
};

export type PlantedCase = {
  kind: 'doctor_load' | 'shared_phone' | 'deceased_patient' | 'out_of_hours' | 'overlimit_cluster';
  /** What a reviewer would say: honest cases look like fraud from afar. */
  is_fraud: boolean;
  /** Declarations of each doctor of one clinic. */
  doctors: PlantedDeclaration[][];
};

/** A layer over the generated country: labelled cases of fraud, and of honest clinics that come near. */
export function plantedCases(seed: string | number): PlantedCase[] {
  const random = randomAt(seedOf(seed), streams.fraud, 0);
  const ordinary = (): PlantedDeclaration => ({
    birth_date: `${random.between(1940, 2020)}-0${random.between(1, 9)}-1${random.between(0, 9)}`,
    begun_hours_ago: random.between(2_000, 20_000),
    phone_fanout: random.between(1, 5),
  });
  const many = (count: number, change: (index: number) => Partial<PlantedDeclaration> = () => ({})) =>
    Array.from({ length: count }, (_, i) => ({ ...ordinary(), ...change(i) }));
  const over = random.between(1_850, 1_950);
  return [
    { kind: 'doctor_load', is_fraud: true, doctors: [many(2_750)] },
    { kind: 'doctor_load', is_fraud: false, doctors: [many(1_790)] },
    { kind: 'shared_phone', is_fraud: true, doctors: [many(100, (i) => (i < 60 ? { phone_fanout: 60 } : {}))] },
    // A boarding school: one phone of the office for a few children.
    { kind: 'shared_phone', is_fraud: false, doctors: [many(100, (i) => (i < 12 ? { phone_fanout: 12 } : {}))] },
    {
      kind: 'deceased_patient',
      is_fraud: true,
      doctors: [many(20, (i) => (i === 0 ? { deceased_days_ago: 90 } : {}))],
    },
    // The registry office's notice is on its way.
    {
      kind: 'deceased_patient',
      is_fraud: false,
      doctors: [many(20, (i) => (i === 0 ? { deceased_days_ago: 10 } : {}))],
    },
    { kind: 'out_of_hours', is_fraud: true, doctors: [many(30, () => ({ begun_hours_ago: 48, begun_at_hour: 2 }))] },
    { kind: 'out_of_hours', is_fraud: false, doctors: [many(30, () => ({ begun_hours_ago: 48, begun_at_hour: 11 }))] },
    { kind: 'overlimit_cluster', is_fraud: true, doctors: [many(over), many(over), many(over), many(100)] },
    { kind: 'overlimit_cluster', is_fraud: false, doctors: [many(1_700), many(1_700), many(1_700), many(100)] },
  ];
}
