/** Recognizes the pictures that the page shows by their first bytes (PNG, third edition, 5.2; JPEG, ITU-T T.81, B.1.1.3). */
const signatures = {
  png: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  jpeg: [0xff, 0xd8, 0xff],
} as const;

/** Whether the bytes are a PNG or JPEG file. Browsers find out which, whatever the name. */
export function isPicture(bytes: Uint8Array): boolean {
  return Object.values(signatures).some((signature) =>
    signature.every((byte, index) => bytes[index] === byte),
  );
}
