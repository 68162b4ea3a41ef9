/** AES of one block under a fixed key (FIPS 197); nothing else of a library goes into the reference. */
export type AesBlock = (block: Buffer) => Buffer

const BLOCK = 16
const REDUCTION = 0xe1n << 120n

const numberOf = (block: Buffer): bigint => BigInt(`0x${block.toString('hex')}`)
const blockOf = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(32, '0'), 'hex')

/** Multiplication in GF(2^128), NIST SP 800-38D §6.3. */
function multiply(x: bigint, y: bigint): bigint {
  let product = 0n
  let shifted = y
  for (let bit = 127n; bit >= 0n; bit -= 1n) {
    if ((x >> bit) & 1n) product ^= shifted
    shifted = shifted & 1n ? (shifted >> 1n) ^ REDUCTION : shifted >> 1n
  }
  return product
}

/** Blocks of 16 bytes, the last one filled up with zeros. */
function blocksOf(bytes: Buffer): readonly Buffer[] {
  const padded = Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)])
  return Array.from({ length: padded.length / BLOCK }, (_, n) =>
    padded.subarray(n * BLOCK, (n + 1) * BLOCK),
  )
}

function counterBlock(iv: Buffer, counter: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  iv.copy(block)
  block.writeUInt32BE(counter, 12)
  return block
}

/** GHASH of associated data, ciphertext and both lengths, NIST SP 800-38D §6.4 and §7.1. */
function hash(aes: AesBlock, aad: Buffer, ciphertext: Buffer): bigint {
  const key = numberOf(aes(Buffer.alloc(BLOCK)))
  const lengths = Buffer.alloc(BLOCK)
  lengths.writeBigUInt64BE(BigInt(aad.length * 8), 0)
  lengths.writeBigUInt64BE(BigInt(ciphertext.length * 8), 8)
  return [...blocksOf(aad), ...blocksOf(ciphertext), lengths].reduce(
    (sum, block) => multiply(sum ^ numberOf(block), key),
    0n,
  )
}

/**
 * GCM with a 96-bit IV and a 128-bit tag, written down from NIST SP 800-38D §7.1 step by step: slow,
 * and independent of any implementation of the mode.
 */
export function gcmReference(aes: AesBlock, iv: Buffer, aad: Buffer, plaintext: Buffer) {
  const stream = Buffer.concat(blocksOf(plaintext).map((_, n) => aes(counterBlock(iv, n + 2))))
  const ciphertext = Buffer.from(plaintext.map((byte, n) => byte ^ (stream[n] ?? 0)))
  const tag = hash(aes, aad, ciphertext) ^ numberOf(aes(counterBlock(iv, 1)))
  return { ciphertext, tag: blockOf(tag) }
}
