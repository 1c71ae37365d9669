{
  "variables": { "tests%": 0, "sanitize%": "" },
  "targets": []
}
