import { describe, expect, it } from 'vitest';
import { marked } from './marking';

describe('marking', () => {
  it('another label keeps of the audience only what goes with it', () => {
    const amber = { tlp: 'AMBER' as const, groups: ['g'], organisations: ['o'], persons: [] };
    expect(marked(amber, 'GREEN')).toEqual({ ...amber, tlp: 'GREEN' });
    expect(marked(amber, 'CLEAR')).toEqual({ tlp: 'CLEAR', groups: [], organisations: [], persons: [] });
    expect(marked(amber, 'RED')).toEqual({ tlp: 'RED', groups: [], organisations: [], persons: [] });
    const red = { tlp: 'RED' as const, groups: [], organisations: [], persons: ['p'] };
    expect(marked(red, 'AMBER+STRICT').persons).toEqual([]);
  });
});
