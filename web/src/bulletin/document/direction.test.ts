import { describe, expect, it } from 'vitest';
import { directionOf } from './direction';

describe('direction', () => {
  it('is that of the primary language, however its tag is written', () => {
    expect(['ur', 'UR-pk', 'fa'].map(directionOf)).toEqual(['rtl', 'rtl', 'rtl']);
    expect(['en-IN', 'hi', 'urj', ''].map(directionOf)).toEqual(['ltr', 'ltr', 'ltr', 'ltr']);
  });
});
