// In which section a note stands: what agencies write above their sections, in `crates/advisory/src/layout/notes.rs`, too.

import type { Part } from './layout';

const TITLES: Partial<Record<Part, readonly string[]>> = {
  affected: [
    'affected software',
    'affected systems',
    'component affected',
    'software affected',
    'systems affected',
    'प्रभावित प्रणालियाँ',
    'متاثرہ نظام',
  ],
  overview: ['overview', 'summary', 'सारांश', 'خلاصہ'],
  audience: ['audience', 'target audience', 'किसके लिए', 'کس کے لیے'],
  risk: ['risk', 'risk assessment', 'जोखिम', 'خطرہ'],
  impact: ['impact', 'impact assessment', 'प्रभाव', 'اثر'],
  description: ['description', 'विवरण', 'تفصیل'],
  solution: [
    'best practices',
    'mitigation',
    'recommendations',
    'solution',
    'workaround',
    'workarounds',
    'समाधान',
    'حل',
  ],
  vendor: ['vendor information', 'निर्माता की जानकारी', 'بنانے والے کی معلومات'],
  references: ['references', 'संदर्भ', 'حوالہ جات'],
  contact: ['contact', 'contact information', 'संपर्क', 'رابطہ'],
  disclaimer: ['disclaimer', 'अस्वीकरण', 'اعلان لاتعلقی'],
};

/** Returns where a note belongs by its title, else by its category, and whether the title only names the section. */
export function partOf(category: unknown, title: string | null): [Part, boolean] {
  const wanted = title?.replace(/:+$/, '').trimEnd().toLowerCase();
  for (const [part, titles] of Object.entries(TITLES)) {
    if (wanted && titles.includes(wanted)) return [part as Part, true];
  }
  if (category === 'summary') return ['overview', false];
  return [category === 'legal_disclaimer' ? 'disclaimer' : 'description', false];
}
