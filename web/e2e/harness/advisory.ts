// A whole advisory in CSAF 2.0, as an agency would write it.

/** Returns the text of a document with every section; `label` is TLP 1.0's, as CSAF 2.0 has it. */
export function advisory(title: string, id: string, label = 'WHITE'): string {
  const at = '2026-04-12T10:00:00.000Z';
  return JSON.stringify(
    {
      document: {
        aggregate_severity: { text: 'High' },
        category: 'csaf_security_advisory',
        csaf_version: '2.0',
        distribution: { text: label === 'WHITE' ? 'TLP:CLEAR' : `TLP:${label}`, tlp: { label } },
        lang: 'en',
        notes: [
          {
            audience: 'Ministries, departments and all who meet by video',
            category: 'summary',
            text: 'Meetings whose numbers can be guessed are entered by strangers, who listen, disturb and take over the screens of others.',
            title: 'Overview',
          },
          {
            category: 'general',
            text: 'High: an attack takes minutes, no account, and leaves no trace at the victim.',
            title: 'Risk assessment',
          },
          {
            category: 'general',
            text: 'Disclosure of what is said.\n\nLoss of trust in official meetings.',
            title: 'Impact assessment',
          },
          {
            category: 'description',
            text: 'A meeting’s number has nine digits. Whoever tries numbers one after another finds an open meeting every few minutes.\n\nA waiting room that is off and a passcode that is not set leave the number as the only key.',
            title: 'Description',
          },
          {
            category: 'other',
            text: '- Set a passcode for every meeting\n- Turn the waiting room on\n- Lock the meeting when everybody is there\n- End the meeting for all, and do not only leave it',
            title: 'Solution',
          },
          {
            category: 'legal_disclaimer',
            text: 'The information is given as it is, without any warranty.',
            title: 'Disclaimer',
          },
        ],
        publisher: {
          category: 'coordinator',
          contact_details: 'incident@cert.example, telephone 1800 11 4949',
          name: 'Coordination Centre',
          namespace: 'https://cert.example',
        },
        references: [
          { category: 'external', summary: 'How meetings are disturbed', url: 'https://example.org/disturbed' },
        ],
        title,
        tracking: {
          current_release_date: at,
          id,
          initial_release_date: at,
          revision_history: [{ date: at, number: '1', summary: 'First publication' }],
          status: 'final',
          version: '1',
        },
      },
      product_tree: {
        full_product_names: [
          { name: 'Meet Client 4.6.8 and older', product_id: 'P-1' },
          { name: 'Meet Client 4.6.9', product_id: 'P-2' },
        ],
      },
      vulnerabilities: [
        {
          cve: 'CVE-2020-11500',
          cwe: { id: 'CWE-327', name: 'Use of a Broken or Risky Cryptographic Algorithm' },
          notes: [{ category: 'description', text: 'Media is sealed with a key that all share, in ECB mode.' }],
          product_status: { fixed: ['P-2'], known_affected: ['P-1'] },
          remediations: [
            {
              category: 'vendor_fix',
              details: 'Update to 4.6.9.',
              product_ids: ['P-1'],
              url: 'https://maker.example/4.6.9',
            },
          ],
          scores: [
            {
              cvss_v3: {
                baseScore: 7.5,
                baseSeverity: 'HIGH',
                vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N',
                version: '3.1',
              },
              products: ['P-1'],
            },
          ],
          title: 'Media sealed with a shared key',
        },
      ],
    },
    null,
    2,
  );
}
