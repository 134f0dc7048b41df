"""What people decide: answers, approvals, outcomes, results entered by hand."""
