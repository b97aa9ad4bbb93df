"""The researcher's part of the Study tab: the gate, the dashboard, links, exports, new studies."""
