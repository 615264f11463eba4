/** The checksum of event files: CRC-32C (Castagnoli, RFC 3720 appendix B.4), masked as TensorFlow does it. */
import { crc32c } from '@node-rs/crc32';

/**
 * ((c >> 15) | (c << 17)) + 0xa282ead8 modulo 2³², with c the CRC-32C of the bytes; from 0 to 2³² − 1. A checksum of
 * bytes that hold checksums says little, hence the mask (TensorFlow, core/lib/hash/crc32c.h).
 */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  const rotated = (crc >>> 15) | (crc << 17);
  return (rotated + 0xa282ead8) >>> 0;
}
