// recent_map.h - a map of bounded size: the entry that was touched longest ago goes
// when there is no room.
//
// Iteration is by age, oldest first. References stay valid until their entry goes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <list>
#include <map>
#include <utility>
#include <vector>

namespace portwatch {

template <class Key, class Value>
class RecentMap {
 public:
  using Item = std::pair<const Key, Value>;

  // At least one entry is kept.
  explicit RecentMap(std::size_t max_size)
      : max_size_(std::max<std::size_t>(max_size, 1)) {}

  // Null: not there. Its age stays.
  Value* find(const Key& key) {
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : &found->second->second;
  }
  const Value* find(const Key& key) const {
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : &found->second->second;
  }
  // The entry, made when it is not there, is the youngest now.
  Value& touch(const Key& key) {
    const auto found = index_.find(key);
    if (found != index_.end()) {
      items_.splice(items_.end(), items_, found->second);
      return found->second->second;
    }
    if (full()) {
      erase(items_.front().first);
    }
    items_.emplace_back(key, Value{});
    const auto last = std::prev(items_.end());
    index_.emplace(key, last);
    return last->second;
  }
  // `key` may be that of the entry itself.
  void erase(const Key& key) {
    const auto found = index_.find(key);
    if (found != index_.end()) {
      const auto item = found->second;
      index_.erase(found);
      items_.erase(item);
    }
  }
  void clear() {
    index_.clear();
    items_.clear();
  }

  // Null: empty.
  const Item* oldest() const { return items_.empty() ? nullptr : &items_.front(); }
  // The keys from `low` on, in their own order, for as long as `belongs`.
  template <class Belongs>
  std::vector<Key> keys_from(const Key& low, Belongs belongs) const {
    std::vector<Key> keys;
    for (auto at = index_.lower_bound(low); at != index_.end(); ++at) {
      if (!belongs(at->first)) {
        break;
      }
      keys.push_back(at->first);
    }
    return keys;
  }

  bool full() const { return items_.size() >= max_size_; }
  std::size_t size() const { return items_.size(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

 private:
  std::size_t max_size_;
  std::list<Item> items_;  // by age
  std::map<Key, typename std::list<Item>::iterator> index_;
};

}  // namespace portwatch
