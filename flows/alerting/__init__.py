"""What alerts and figures follow from, and how they are worded."""
