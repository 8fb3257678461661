/** S-boxes π0…π3 of DSTU 7564:2014 (the same as of DSTU 7624:2014), hex. */
const substitution = [
  'a8435f066b756c5971df879517f0d8096df31dcbc94d2caf79e097fd6f4b45393edda34fb4b69a0e1fbf15e149d293c692729e61d163faeef419d5ad58a4bba1dcf2833742e47a329cccab4a8f6e04272ee7e25a9616232bc265660fbca947413448fcb76a88a55386f95bdb387bc31e2233242836c7b23b8e77baf5149f08559b4cfe605cda1846cd7d21b03f1b89ffeb84693a9dd7d3706740b5de5d3091b1781101e5006898a0c502a6742d0ba276b3becebdaee98a311cecf19994aaf6262fefe88c3503d47ffb05c15e90203d82f7ea0a0d7ef8501ac40757b83c62e3c8ac526410d0d9130c122951b9cfd6738d8154c0ed4e44a72a8525e6ca7c8b5680',
  'cebbeb92eacb13c1e93ad6b2d29017f8421556b4651c8843c55c36baf557678d31f664589ef422aa750f02b1df6d734d7c262ef7085d443e9f14c8ae5410d8bc1a6b69f3bd33abfad19b684e169591ee4c638e5bcc3c19a181497bd96f3760cae72b48fd9645fc41120d79e5898ce32030dcb76c4ab53f97d4622d06a4a5835f2adac9007ea255bf11d59ccf0e0a3d517d931bfec44709860b8f9d6a07b9b0981832714bef3b70a0e440ffc3a9e678f98b46801e38e1b8a8e00c23761d252405f16e94289a84e8a34f77d385e252f282507a2f7453b361af3935decd1f99acad722cddd087be5ea6ec04c60334fbdb59b6c201f05aeda766217f8a27c7c029d7',
  '93d99ab5982245fcba6adf029fdc51594a172bc294f4bba362e471d4cd7016e1493cc0d85c9bad8553a17ac82de0d172a62cc4e37678b7b4093b0e414cdeb29025a5d7031100c32e92ef4e129d7dcb3510d54f9e4da955c6d07b1897d336e64856818f77cc9cb9e2acb82f15a47cda381e0b05d6146e6c7e66fdb1e560af5e3387c9f05d6d3f888dc7f71de9eced802927cf99a8500f3724283095d23e5b4083b369571f071c8abc20ebce8eabee31a273f9ca3a1afb0dc1fefaf26fbd96dd4352b608f3aebe19893226b0ea4b6484826bf579bf015f75631b233d682a65e891f6ff1358f1470a7fc5a7e7615a0646444204a0db398654aa8c34218bf80c7467',
  '688dca4d734b4e2ad45226b3541e191f2203463d2d4a5383138ab7d52579f5bd582f0d02ed519e11f23e555ed1163c66705df34540cce8945608ce1a3ad2e1dfb5386e0ee5f4f986e94fd68523cf32993114aeeec848d330a19241b118c42c71724415fd37be5faa9b88d8ab899cfa60eabc620c24a6a8ec6720db7c28ddac5b347e10f17b8f63a0059a437721bf2709c39fb6d729c2ebc0a48b8c1dfbffc1b2972ef865f67507044933e4d9b9d042c76c90008e6f5001c5da473fcd69a2e27aa7c6930f0a06e62b96a31caf6a128439e7b082f7fe9d875c8135deb4a5fc80efcbbb6b76ba5a7d780b95e3ad74983b36646ddcf059a94c177f91b8c9571be061',
].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));

/** First row of the circulant matrix of DSTU 7564:2014 §7.5 over GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1. */
const matrix = [0x01, 0x01, 0x05, 0x01, 0x08, 0x06, 0x07, 0x04];

/**
 * Substitution and column mixing in one look-up: for each row and byte a column of 8 bytes, as two words, low first.
 * Index: (row * 256 + byte) * 2.
 */
export const kupyna_tables: Int32Array = buildTables();

function buildTables(): Int32Array {
  const tables = new Int32Array(8 * 256 * 2);
  for (let row = 0; row < 8; row++) {
    for (let byte = 0; byte < 256; byte++) {
      const value = substitution[row & 3]![byte]!;
      for (let to = 0; to < 8; to++) {
        const product = multiply(value, matrix[(row - to + 8) & 7]!);
        tables[(row * 256 + byte) * 2 + (to >> 2)]! |= product << (8 * (to & 3));
      }
    }
  }
  return tables;
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0, power = a; bit < 8; bit++) {
    if (b & (1 << bit)) product ^= power;
    power = (power << 1) ^ (power & 0x80 ? 0x11d : 0);
  }
  return product;
}
