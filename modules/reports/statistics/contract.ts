import { CivilDate, Nullable, PageQuery, route, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';

const common = { method: 'GET', tag: 'Statistics', access: { kind: 'public' }, envelope: 'reference' } as const;
const Count = Type.Integer({ minimum: 0 });
const Coordinate = (bound: number) => Type.Number({ minimum: -bound, maximum: bound });
const Text = Type.String({ minLength: 1, maxLength: 100 });
const Named = Type.Object({ id: Nullable(Uuid), name: Type.String() });

const Main = Type.Object({ declarations: Count, msps: Count, doctors: Count, pharmacies: Count });
const RegionNumbers = Type.Object({
  declarations_total: Count,
  declarations_created: Count,
  declarations_closed: Count,
  msps: Count,
  doctors: Count,
  pharmacies: Count,
  pharmacists: Count,
});
const MapDivision = Type.Object({
  id: Uuid,
  name: Type.String(),
  type: Type.String(),
  legal_entity: Type.Object({ id: Uuid, name: Type.String() }),
  addresses: Type.Unknown(),
  contacts: Type.Object({ email: Type.String(), phones: Type.Unknown() }),
  coordinates: Type.Object({ latitude: Type.Number(), longitude: Type.Number() }),
});

export const statistics_contract = {
  mainStats: route({
    ...common,
    path: '/reports/stats',
    also: [{ path: '/api/reports/stats' }],
    summary: 'Main numbers of the country',
    data: Main,
  }),
  regionStats: route({
    ...common,
    path: '/reports/stats/regions',
    also: [{ path: '/api/reports/stats/regions' }],
    summary: 'Numbers by region; declarations as far as the last published month shows them',
    query: Type.Object({ from_date: Type.Optional(CivilDate), to_date: Type.Optional(CivilDate) }),
    data: Type.Object({
      from_date: Type.Optional(CivilDate),
      to_date: Type.Optional(CivilDate),
      regions: Type.Array(Type.Object({ region: Named, period: Nullable(RegionNumbers), total: RegionNumbers })),
    }),
  }),
  divisionsMap: route({
    ...common,
    path: '/reports/stats/divisions',
    also: [
      { path: '/api/reports/stats/divisions' },
      { path: '/reports/stats/divisions/map' },
      { path: '/api/reports/stats/divisions/map' },
    ],
    summary: 'Divisions inside a rectangle of the map, by type and name',
    query: Type.Object({
      ...PageQuery,
      type: Type.Optional(Type.String({ pattern: '^[A-Z_]{1,40}(,[A-Z_]{1,40}){0,9}$' })),
      name: Type.Optional(Text),
      lefttop_latitude: Type.Optional(Coordinate(90)),
      lefttop_longitude: Type.Optional(Coordinate(180)),
      rightbottom_latitude: Type.Optional(Coordinate(90)),
      rightbottom_longitude: Type.Optional(Coordinate(180)),
    }),
    paged: true,
    data: Type.Array(MapDivision),
  }),
  divisionStats: route({
    ...common,
    path: '/reports/stats/division/:id',
    also: [{ path: '/api/reports/stats/division/:id' }],
    summary:
      'Numbers of one division; declarations in whole tens as of the last published month, 0 where they would tell a small group',
    params: Type.Object({ id: Uuid }),
    data: Type.Object({
      division: Type.Object({ id: Uuid, name: Type.String() }),
      stats: Type.Object({ declarations: Count, msps: Count, doctors: Count }),
    }),
  }),
  histogram: route({
    ...common,
    path: '/reports/stats/histogram',
    also: [{ path: '/api/reports/stats/histogram' }],
    summary: 'Declarations begun, ended and active by day, month or year',
    query: Type.Object({ from_date: CivilDate, to_date: CivilDate, interval: Type.Enum(['DAY', 'MONTH', 'YEAR']) }),
    data: Type.Array(
      Type.Object({
        period_type: Type.String(),
        period_name: Type.String(),
        declarations_created: Count,
        declarations_closed: Count,
        declarations_active_start: Count,
        declarations_active_end: Count,
      }),
    ),
  }),
  doctorSearch: route({
    ...common,
    path: '/api/stats/employees',
    also: [{ path: '/stats/employees' }],
    summary: 'Doctors for the public site: by name, speciality, division and place',
    query: Type.Object({
      ...PageQuery,
      full_name: Type.Optional(Text),
      speciality: Type.Optional(Type.String({ pattern: '^[A-Z_0-9]{1,60}$' })),
      division_id: Type.Optional(Uuid),
      division_name: Type.Optional(Text),
      legal_entity_id: Type.Optional(Uuid),
      area: Type.Optional(Text),
      settlement: Type.Optional(Text),
    }),
    paged: true,
    data: Type.Array(
      Type.Object({
        id: Uuid,
        party: Type.Object({
          id: Uuid,
          first_name: Type.String(),
          last_name: Type.String(),
          second_name: Nullable(Type.String()),
        }),
        position: Type.String(),
        speciality: Nullable(Type.String()),
        division: Nullable(
          Type.Object({
            id: Uuid,
            name: Type.String(),
            type: Type.String(),
            area: Nullable(Type.String()),
            settlement: Nullable(Type.String()),
          }),
        ),
        legal_entity: Type.Object({ id: Uuid, name: Type.String() }),
      }),
    ),
  }),
};
