import { describe, expect, it } from 'vitest';
import { facetsPath, listPath } from './filter';

const none = { words: '', kind: '', tlp: '', stage: '', severity: '', owner: '', year: '' };

describe('filter of the list', () => {
  it('what filters nothing is not said', () => {
    expect(listPath(none)).toBe('bulletin/documents');
    expect(listPath({ ...none, words: '  ' })).toBe('bulletin/documents');
  });

  it('what is said cannot say anything else', () => {
    expect(listPath({ ...none, words: 'a&kind=alert#', tlp: 'AMBER+STRICT' }, 'abc')).toBe(
      'bulletin/documents?words=a%26kind%3Dalert%23&tlp=AMBER%2BSTRICT&after=abc',
    );
    expect(facetsPath({ ...none, year: '2026', owner: 'x&y' })).toBe('bulletin/facets?owner=x%26y&year=2026');
  });
});
