/** A curve y² + xy = x³ + ax² + b over GF(2^m) with a base point of prime order n. */
export type CurveParameters = {
  /** Object identifier of the named curve. */
  oid: string;
  m: number;
  /** Exponents of the reduction polynomial between m and 0. */
  middle: number[];
  a: 0 | 1;
  /** Hex, most significant digit first, as the standard prints them. */
  b: string;
  n: string;
  x: string;
  y: string;
};

const named = '1.2.804.2.1.1.1.1.3.1.1.2';

/**
 * Recommended curves over a polynomial basis, DSTU 4145-2002 annex G table G.1, from 257 bits up. The smaller ones of the table
 * (163–233) fall below 2^120 operations and are refused.
 */
export const curve_parameters: CurveParameters[] = [
  {
    oid: `${named}.6`,
    m: 257,
    middle: [12],
    a: 0,
    b: '1cef494720115657e18f938d7a7942394ff9425c1458c57861f9eea6adbe3be10',
    n: '800000000000000000000000000000006759213af182e987d3e17714907d470d',
    x: '02a29ef207d0e9b6c55cd260b306c7e007ac491ca1b10c62334a9e8dcd8d20fb7',
    y: '10686d41ff744d4449fccf6d8eea03102e6812c93a9d60b978b702cf156d814ef',
  },
  {
    oid: `${named}.7`,
    m: 307,
    middle: [8, 4, 2],
    a: 1,
    b: '393c7f7d53666b5054b5e6c6d3de94f4296c0c599e2e2e241050df18b6090bdc90186904968bb',
    n: '3ffffffffffffffffffffffffffffffffffffffc079c2f3825da70d390fbba588d4604022b7b7',
    x: '216ee8b189d291a0224984c1e92f1d16bf75ccd825a087a239b276d3167743c52c02d6e7232aa',
    y: '5d9306bacd22b7faeb09d2e049c6e2866c5d1677762a8f2f2dc9a11c7f7be8340ab2237c7f2a0',
  },
  {
    oid: `${named}.8`,
    m: 367,
    middle: [21],
    a: 1,
    b: '43fc8ad242b0b7a6f3d1627ad5654447556b47bf6aa4a64b0c2afe42cadab8f93d92394c79a79755437b56995136',
    n: '40000000000000000000000000000000000000000000009c300b75a3fa824f22428fd28ce8812245ef44049b2d49',
    x: '324a6eddd512f08c49a99ae0d3f961197a76413e7be81a400ca681e09639b5fe12e59a109f78bf4a373541b3b9a1',
    y: '1ab597a5b4477f59e39539007c7f977d1a567b92b043a49c6b61984c3fe3481aaf454cd41ba1f051626442b3c10',
  },
  {
    oid: `${named}.9`,
    m: 431,
    middle: [5, 3, 1],
    a: 1,
    b: '03ce10490f6a708fc26dfe8c3d27c4f94e690134d5bff988d8d28aaeaede975936c66bac536b18ae2dc312ca493117daa469c640caf3',
    n: '3fffffffffffffffffffffffffffffffffffffffffffffffffffffba3175458009a8c0a724f02f81aa8a1fcbaf80d90c7a95110504cf',
    x: '1a62ba79d98133a16bbae7ed9a8e03c32e0824d57aef72f88986874e5aae49c27bed49a2a95058068426c2171e99fd3b43c5947c857d',
    y: '70b5e1e14031c1f70bbefe96bdde66f451754b4ca5f48da241f331aa396b8d1839a855c1769b1ea14ba53308b5e2723724e090e02db9',
  },
];
