/** Letters of five by seven pixels, for captions in pictures. */

/** Each row of a letter is a digit of base 32, whose bits are its pixels from left to right. */
const ROWS: Readonly<Record<string, string>> = {
  A: "ehhvhhh",
  B: "uhhuhhu",
  C: "ehggghe",
  D: "uhhhhhu",
  E: "vgguggv",
  F: "vgguggg",
  G: "ehgnhhe",
  H: "hhhvhhh",
  I: "e44444e",
  J: "72222ic",
  K: "hikokih",
  L: "ggggggv",
  M: "hrllhhh",
  N: "hpljhhh",
  O: "ehhhhhe",
  P: "uhhuggg",
  Q: "ehhhlid",
  R: "uhhukih",
  S: "fgge11u",
  T: "v444444",
  U: "hhhhhhe",
  V: "hhhhha4",
  W: "hhhllrh",
  X: "hha4ahh",
  Y: "hha4444",
  Z: "v1248gv",
  0: "ejlllpe",
  1: "4c4444e",
  2: "eh168gv",
  3: "u11e11u",
  4: "26aiv22",
  5: "vgu11he",
  6: "egguhhe",
  7: "v124888",
  8: "ehhehhe",
  9: "ehhf11e",
  " ": "0000000",
  ".": "00000cc",
  ",": "0000c48",
  ":": "0cc0cc0",
  "-": "000v000",
  "+": "044v440",
  "/": "11248gg",
  "%": "pp248jj",
  "×": "0ha4ah0",
  "(": "2488842",
  ")": "8422248",
  _: "000000v",
  "#": "aavavaa",
  "=": "00v0v00",
  "?": "eh16404",
  ε: "0egcge0",
  "∞": "00alla0",
};

/** For a letter that is not in the table. */
const FRAME = "vhhhhhv";

export const LETTER_WIDTH = 5;
export const LETTER_HEIGHT = 7;

/** The pixels [row][column] of a letter, true where it is inked; small letters are drawn as capitals. */
export function letterPixels(letter: string): readonly (readonly boolean[])[] {
  const capital = letter === "ε" ? letter : letter.toUpperCase();
  return [...(ROWS[capital] ?? FRAME)].map((digit) => {
    const bits = Number.parseInt(digit, 32);
    return Array.from({ length: LETTER_WIDTH }, (_, column) => ((bits >> (LETTER_WIDTH - 1 - column)) & 1) === 1);
  });
}
