import { Nullable, PageQuery, route, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';

const Koatuu = Nullable(Type.String());
const Text = Type.Optional(Type.String({ maxLength: 255 }));

/** `name` as the implementation had it, `region` as the blueprint says: clients of both kinds find theirs. */
const Region = Type.Object({ id: Uuid, name: Type.String(), region: Type.String(), koatuu: Koatuu });

const District = Type.Object({
  id: Uuid,
  name: Type.String(),
  district: Type.String(),
  region_id: Uuid,
  region: Type.String(),
  koatuu: Koatuu,
});

const Settlement = Type.Object({
  id: Uuid,
  name: Type.String(),
  settlement_name: Type.String(),
  type: Type.String(),
  region_id: Uuid,
  region: Type.String(),
  district_id: Nullable(Uuid),
  district: Nullable(Type.String()),
  parent_settlement_id: Nullable(Uuid),
  parent_settlement: Nullable(Type.String()),
  mountain_group: Type.Boolean(),
  koatuu: Koatuu,
});

const Street = Type.Object({
  id: Uuid,
  settlement_id: Uuid,
  settlement_name: Type.String(),
  type: Type.String(),
  name: Type.String(),
  street_type: Type.String(),
  street_name: Type.String(),
});

const list = {
  method: 'GET',
  tag: 'Addresses',
  access: { kind: 'public' },
  envelope: 'reference',
  paged: true,
} as const;

export const contract = {
  listRegions: route({
    ...list,
    path: '/api/uaddresses/regions',
    summary: 'Regions',
    query: Type.Object({ ...PageQuery, name: Text, koatuu: Text }),
    data: Type.Array(Region),
  }),
  listDistricts: route({
    ...list,
    path: '/api/uaddresses/districts',
    summary: 'Districts, of a region or by name',
    query: Type.Object({ ...PageQuery, region_id: Type.Optional(Uuid), region: Text, name: Text, koatuu: Text }),
    data: Type.Array(District),
  }),
  listDistrictsOfRegion: route({
    ...list,
    path: '/api/uaddresses/regions/:id/districts',
    summary: 'Districts of a region',
    params: Type.Object({ id: Uuid }),
    query: Type.Object({ ...PageQuery, name: Text, koatuu: Text }),
    data: Type.Array(District),
  }),
  listSettlements: route({
    ...list,
    path: '/api/uaddresses/settlements',
    summary: 'Settlements by name, type, region or district',
    query: Type.Object({
      ...PageQuery,
      name: Text,
      type: Text,
      region: Text,
      district: Text,
      koatuu: Text,
      mountain_group: Type.Optional(Type.Boolean()),
    }),
    data: Type.Array(Settlement),
  }),
  listSettlementsOfDistrict: route({
    ...list,
    path: '/api/uaddresses/districts/:id/settlements',
    summary: 'Settlements of a district',
    params: Type.Object({ id: Uuid }),
    query: Type.Object({ ...PageQuery, name: Text, koatuu: Text }),
    data: Type.Array(Settlement),
  }),
  updateSettlement: route({
    ...list,
    paged: false,
    method: 'PATCH',
    path: '/api/uaddresses/settlements/:id',
    summary: 'Give a settlement the mountain status, or take it; its divisions follow',
    access: { kind: 'scopes', scopes: ['address:write'] },
    params: Type.Object({ id: Uuid }),
    body: Type.Object(
      { settlement: Type.Object({ mountain_group: Type.Boolean() }, { additionalProperties: true }) },
      { additionalProperties: true },
    ),
    data: Settlement,
  }),
  listStreets: route({
    ...list,
    path: '/api/uaddresses/streets',
    summary: 'Streets of a settlement',
    query: Type.Object({ ...PageQuery, settlement_id: Uuid, name: Text, type: Text }),
    data: Type.Array(Street),
  }),
};
