// Which way a language is written: what a document says begins where its readers look for it, whatever the language of the page.

/** Primary subtags (RFC 5646) of languages that are written from right to left. */
const RIGHT_TO_LEFT: readonly string[] = ['ar', 'ckb', 'dv', 'fa', 'he', 'ks', 'ps', 'sd', 'ug', 'ur'];

export function directionOf(language: string): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.includes(language.split('-')[0]?.toLowerCase() ?? '') ? 'rtl' : 'ltr';
}
