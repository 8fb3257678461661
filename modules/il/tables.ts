// Generated from the migrated database by `npm run generate`; not to be edited.
import type { Generated } from 'kysely';

export type Tables = {
  'il.dictionaries': {
    name: string;
    values: unknown;
    labels: Generated<string[]>;
    is_active: Generated<boolean>;
    updated_at: Generated<string>;
  };
  'il.districts': {
    id: string;
    region_id: string;
    name: string;
    katottg: string;
    koatuu: string | null;
  };
  'il.regions': {
    id: string;
    name: string;
    katottg: string;
    koatuu: string | null;
  };
  'il.settlements': {
    id: string;
    region_id: string;
    district_id: string | null;
    parent_settlement_id: string | null;
    name: string;
    type: string;
    mountain_group: Generated<boolean>;
    katottg: string;
    koatuu: string | null;
  };
  'il.streets': {
    id: string;
    settlement_id: string;
    type: string;
    name: string;
  };
};
